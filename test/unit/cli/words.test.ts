import { describe, expect, it } from 'vitest'
import { printable, printableJson } from '../../../electron/base/printable.ts'
import { count, duration, size } from '../../../electron/cli/words.ts'

describe('a person’s words', () => {
  it.each([
    [0, '0 B'],
    [1, '1 B'],
    [1023, '1023 B'],
    [1024, '1.0 KiB'],
    [1536, '1.5 KiB'],
    [100 * 1024 * 1024, '100 MiB'],
    [3 * 1024 ** 4, '3.0 TiB'],
    [5000 * 1024 ** 4, '5000 TiB'],
  ])('%d bytes are %s', (bytes, text) => {
    expect(size(bytes)).toBe(text)
  })

  it.each([
    [0.123, '0.12 s'],
    [42, '42 s'],
    [200, '3 min 20 s'],
    [7500, '2 h 5 min'],
  ])('%d seconds are %s', (seconds, text) => {
    expect(duration(seconds)).toBe(text)
  })

  it('one is singular', () => {
    expect([count(0, 'file'), count(1, 'file'), count(2, 'file')]).toEqual(['0 files', '1 file', '2 files'])
  })

  it('a name with control characters cannot command the terminal', () => {
    expect(printable('a\x1b[2Jb\nc')).toBe('a\\x1b[2Jb\\x0ac')
    expect(printable('Grüße 写真 🙂 👨‍👩‍👧 عربى עברית')).toBe('Grüße 写真 🙂 👨‍👩‍👧 عربى עברית')
    expect(printable('invoice\u202egpj.exe\u2066\u200f\u2028\x9b31m')).toBe(
      'invoice\\u{202e}gpj.exe\\u{2066}\\u{200f}\\u{2028}\\x9b31m',
    )
    expect(printable('half \ud83d')).toBe('half \\u{d83d}')
    const name = 'a\u202eb\x9b\x7f\n'
    expect(printableJson(JSON.stringify({ name }))).toBe('{"name":"a\\u202eb\\u009b\\u007f\\n"}')
    expect(JSON.parse(printableJson(JSON.stringify({ name })))).toEqual({ name })
  })
})
