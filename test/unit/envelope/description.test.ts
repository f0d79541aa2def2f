import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { asciiJson, parseDescription, repairMetadata } from '../../../electron/envelope/description.ts'
import { failure } from './support.ts'

/** What S3 hands out for a metadata value that is not ASCII. */
function mangled(text: string, encoding: 'Q' | 'B'): string {
  const twice = Buffer.from(Buffer.from(text).toString('latin1'))
  if (encoding === 'B') return `=?UTF-8?B?${twice.toString('base64')}?=`
  const quoted = Array.from(twice, (byte) => `=${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('')
  return `=?UTF-8?Q?${quoted}?=`
}

describe('descriptions', () => {
  it('are written in ASCII that any JSON parser reads back', () => {
    expect(asciiJson({ ключ: 'ü\u007f😀' })).toBe('{"\\u043a\\u043b\\u044e\\u0447":"\\u00fc\\u007f\\ud83d\\ude00"}')
    fc.assert(
      fc.property(fc.dictionary(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' })), (map) => {
        const text = asciiJson(map)
        expect(text).toMatch(/^[\x20-\x7e]*$/)
        expect(Object.entries(parseDescription(text))).toEqual(Object.entries(map))
      }),
    )
  })

  it.each(['', '[]', '"x"', '1', 'null', '{"a":{}}', '{"a":null}', '{a:1}'])('are broken if they are %j', (text) => {
    expect(failure(() => parseDescription(text))).toHaveProperty('code', 'ENVELOPE_INVALID')
  })
})

describe('metadata that S3 double-encoded', () => {
  it.each(['Q', 'B'] as const)('is repaired from RFC 2047 %s words', (encoding) => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        fc.pre(/[\u0080-\uffff]/.test(text))
        expect(repairMetadata(mangled(text, encoding))).toBe(text)
      }),
    )
  })

  it('is repaired across words that split a character', () => {
    const twice = Buffer.from(Buffer.from('aü').toString('latin1'))
    const words = [twice.subarray(0, 2), twice.subarray(2)].map((part) => `=?UTF-8?B?${part.toString('base64')}?=`)
    expect(repairMetadata(words.join(' '))).toBe('aü')
  })

  it('is repaired where a server sends the bytes as they are', () => {
    expect(repairMetadata(Buffer.from('{"a":"ü"}').toString('latin1'))).toBe('{"a":"ü"}')
  })

  it('is left alone if it was encoded once, or not at all', () => {
    expect(repairMetadata('=?UTF-8?Q?=E2=82=AC_5?=')).toBe('€ 5')
    expect(repairMetadata('=?UTF-8?Q?=C3=BC?=')).toBe('ü')
    expect(repairMetadata('{"a":"b_c=?"}')).toBe('{"a":"b_c=?"}')
  })
})
