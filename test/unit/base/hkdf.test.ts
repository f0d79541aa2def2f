import { hkdfSync } from 'node:crypto'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { hkdf } from '../../../electron/base/hkdf.ts'

test('RFC 5869, test case 1', () => {
  const salt = Buffer.from('000102030405060708090a0b0c', 'hex')
  const info = Buffer.from('f0f1f2f3f4f5f6f7f8f9', 'hex')
  expect(hkdf('sha256', Buffer.alloc(22, 0x0b), salt, info, 32).toString('hex')).toBe(
    '3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf',
  )
})

test("what OpenSSL's own gives, of any material, salt and info, also longer than a block", () => {
  const some = fc.uint8Array({ maxLength: 300 })
  fc.assert(
    fc.property(fc.constantFrom('sha256', 'sha512'), some, some, some, (hash, material, salt, info) => {
      expect(hkdf(hash, material, salt, info, 32)).toEqual(Buffer.from(hkdfSync(hash, material, salt, info, 32)))
    }),
  )
})

test('what it is given stays as it is', () => {
  const material = Buffer.alloc(32, 1)
  const salt = Buffer.alloc(28, 2)
  hkdf('sha512', material, salt, 'info', 32)
  expect(material).toEqual(Buffer.alloc(32, 1))
  expect(salt).toEqual(Buffer.alloc(28, 2))
})
