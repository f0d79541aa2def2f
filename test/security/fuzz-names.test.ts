import { join, posix, win32 } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseObject, parseTarget, showTarget } from '../../electron/cli/target.ts'
import { pathBelow } from '../../electron/vault/safe-path.ts'
import { BOUND, calm } from './calm.ts'

/** Names of Windows' devices, its forbidden characters and endings (Microsoft, "Naming Files, Paths, and Namespaces"). */
const NASTY = [
  '..',
  '.',
  '',
  '/',
  '\\',
  ':',
  'C:',
  'c:/',
  '//server/share',
  '\\\\?\\',
  '\\\\.\\',
  'con',
  'CON.txt',
  'nul',
  'NUL .a',
].concat(
  [
    'aux',
    'PRN',
    'com1',
    'COM¹',
    'lpt9',
    'LPT0',
    'CONIN$',
    'conout$.x',
    'a:stream',
    '::$DATA',
    'x.',
    'x ',
    'x. .',
    '\0',
    '\u0007',
  ],
  [
    '~',
    '%2e%2e',
    '%00',
    '..\u2215',
    '\u202e',
    '．．',
    'a/../b',
    './',
    '*',
    '?',
    '<',
    '>',
    '|',
    '"',
    '\u0085',
    '\uffff',
    '\ud800',
    'x'.repeat(300),
  ],
)
const names = fc.oneof(
  fc.constantFrom(...NASTY),
  fc.string({ unit: 'binary', maxLength: 8 }),
  fc.constantFrom('a', 'file.txt', 'Ordner'),
)
const keys = fc
  .array(names, { maxLength: 6 })
  .chain((pieces) => fc.constantFrom('/', '', '\\').map((glue) => pieces.join(glue)))

describe('the path of an object below a folder', () => {
  it('stays below it on POSIX', () => {
    fc.assert(
      fc.property(keys, (key) => {
        const path = calm(() => pathBelow('/to/here', key, 'linux'))
        if (path === null) return
        expect(posix.resolve(path)).toBe(path)
        expect(path.startsWith('/to/here/')).toBe(true)
        expect(posix.relative('/to/here', path)).toBe(key)
        expect(path).not.toContain('\0')
      }),
      { ...BOUND, numRuns: 20_000 },
    )
  })

  it('is a plain name of each folder and file on Windows: no drive, no stream, no device, no name that is cut', () => {
    let taken = 0
    fc.assert(
      fc.property(keys, (key) => {
        if (calm(() => pathBelow('/to/here', key, 'win32')) === null) return
        taken++
        const path = win32.join('C:\\to\\here', ...key.split('/'))
        expect(win32.normalize(path)).toBe(path)
        expect(win32.relative('C:\\to\\here', path)).toBe(key.replaceAll('/', '\\'))
        expect(win32.isAbsolute(key)).toBe(false)
        for (const name of key.split('/')) {
          expect(name).not.toMatch(/[<>:"|?*\\\p{Cc}]|[. ]$/u)
          expect(name.replace(/[ .].*$/s, '')).not.toMatch(
            /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)$/i,
          )
          expect(win32.parse(name).root).toBe('')
        }
      }),
      { ...BOUND, numRuns: 20_000 },
    )
    expect(taken).toBeGreaterThan(100)
  })

  it('is no other file than its key says: two keys never share a path, but for what the disk itself takes for one', () => {
    fc.assert(
      fc.property(keys, keys, (one, other) => {
        fc.pre(one !== other)
        const paths = [one, other].map((key) => calm(() => pathBelow(join('/to', 'here'), key, 'linux')))
        if (paths[0] !== null) expect(paths[0]).not.toBe(paths[1])
      }),
      { ...BOUND, numRuns: 10_000 },
    )
  })
})

describe('addresses on the command line', () => {
  it('are read as they stand, or refused as INVALID_INPUT', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: 'binary' }).map((rest) => `s3://${rest}`),
    )
    fc.assert(
      fc.property(text, (address) => {
        const target = calm(() => parseTarget(address))
        if (target === null) return
        expect(target.bucket).not.toMatch(/^$|\//)
        expect(showTarget(target)).toBe(target.key === '' ? `s3://${target.bucket}` : address)
        const object = calm(() => parseObject(address))
        if (object !== null) expect(object.key).not.toMatch(/^$|\/$/)
      }),
      { ...BOUND, numRuns: 10_000 },
    )
  })
})
