import { describe, expect, test } from 'vitest'
import { previewType } from '../../../electron/vault/preview-type.ts'

describe('what a file is, by its own bytes', () => {
  test.for([
    ['89504e470d0a1a0a0000000d', 'image/png'],
    ['ffd8ffe000104a464946', 'image/jpeg'],
    ['474946383961', 'image/gif'],
    ['52494646aabbccdd574542505650382000', 'image/webp'],
    ['0000001c667479706176696600000000', 'image/avif'],
    ['424d76020000000000', 'image/bmp'],
  ] as const)('%s: %s', ([hex, mediaType]) => {
    expect(previewType(Buffer.from(hex, 'hex'))).toEqual({ kind: 'image', mediaType })
  })

  test('a PDF', () => {
    expect(previewType(Buffer.from('%PDF-1.7\n'))).toEqual({ kind: 'pdf', mediaType: 'application/pdf' })
  })

  test.for([
    '',
    'plain\r\n\ttext',
    'naïve 😀',
    '<html><script>alert(1)</script>',
    '<svg onload="x()"/>',
    'BMW is a car',
  ])('text, and nothing that runs: %j', (text) => {
    expect(previewType(Buffer.from(text))).toEqual({ kind: 'text', mediaType: 'text/plain; charset=utf-8' })
  })

  test.for(['00', '504b0304', 'ff', 'c328', '7f454c46020101', '8950'])('nothing that can be shown: %s', (hex) => {
    expect(previewType(Buffer.from(hex, 'hex'))).toBeNull()
  })
})
