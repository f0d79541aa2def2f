import { generateKeyPairSync } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isCofferError } from '../../../electron/base/errors.ts'
import { parseKey } from '../../../electron/keys/import.ts'
import { newAesKey } from '../../../electron/keys/material.ts'

const key32 = fc.uint8Array({ minLength: 32, maxLength: 32 })
const space = fc.stringMatching(/^[ \t\r\n]{0,3}$/)

describe('an AES-256 key', () => {
  test('is the same key in every form', () => {
    const property = fc.property(key32, space, space, (bytes, before, after) => {
      const key = Buffer.from(bytes)
      const texts = [
        key.toString('base64'),
        key.toString('base64').replace(/=+$/, ''),
        key.toString('base64url'),
        key.toString('base64url') + '=',
        key.toString('hex'),
        key.toString('hex').toUpperCase(),
      ]
      const inputs = [bytes, ...texts.flatMap((text) => [before + text + after, Buffer.from(before + text + after)])]
      for (const input of inputs) {
        const parsed = parseKey(input)
        expect(parsed.kind).toBe('aes-256')
        expect(parsed.secret?.equals(key)).toBe(true)
        expect(parsed.id).toBe(parseKey(bytes).id)
      }
    })
    fc.assert(property)
  })

  test('has an id of 32 hex characters that holds none of it', () => {
    const { id, secret } = newAesKey()
    expect(id).toMatch(/^[0-9a-f]{32}$/)
    expect(secret?.toString('hex')).not.toContain(id)
  })

  test('has the id that HKDF-SHA256 gives', () => {
    // python3: HKDF(SHA256, length=16, salt=None, info=b'coffer customer key id v1').derive(bytes(range(32))).hex()
    expect(parseKey(Buffer.from(Array.from({ length: 32 }, (_, i) => i))).id).toBe('e24c7bcac25fdee7274af19e3b592483')
  })
})

describe('an RSA key', () => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const publicPem = publicKey.export({ type: 'spki', format: 'pem' })

  test('has one id, whichever half and form it comes in', () => {
    const pairs = [
      privateKey.export({ type: 'pkcs8', format: 'pem' }),
      privateKey.export({ type: 'pkcs1', format: 'pem' }),
      privateKey.export({ type: 'pkcs8', format: 'pem' }).toString().replaceAll('\n', '\r\n'),
    ]
    const halves = [publicPem, publicKey.export({ type: 'pkcs1', format: 'pem' })]
    for (const pem of pairs) expect(parseKey(pem)).toMatchObject({ kind: 'rsa-pair', publicKey: publicPem })
    for (const pem of halves) expect(parseKey(Buffer.from(pem))).toMatchObject({ kind: 'rsa-public', secret: null })
    expect(new Set([...pairs, ...halves].map((pem) => parseKey(pem).id)).size).toBe(1)
  })

  test('sealed by a passphrase, too small, or of another kind is INVALID_INPUT', () => {
    const small = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey
    const curve = generateKeyPairSync('ed25519').privateKey
    const sealing = { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' } as const
    const pems = [
      privateKey.export(sealing),
      small.export({ type: 'pkcs8', format: 'pem' }),
      curve.export({ type: 'pkcs8', format: 'pem' }),
      '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----',
      '-----BEGIN ',
    ]
    for (const pem of pems)
      expect(() => parseKey(pem)).toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }) as Error)
  })

  test('cut or changed anywhere is refused or is another key, and never half a key', () => {
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
    const property = fc.property(fc.nat(pem.length - 1), fc.integer({ min: 32, max: 126 }), (at, char) => {
      for (const text of [pem.slice(0, at), pem.slice(0, at) + String.fromCharCode(char) + pem.slice(at + 1)]) {
        expectKeyOrRefusal(text)
      }
    })
    fc.assert(property, { numRuns: 300 })
  })
})

test('anything else is INVALID_INPUT, and the message does not repeat it', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.base64String({ minLength: 4, maxLength: 200 }),
    fc.stringMatching(/^[0-9a-f]{0,80}$/),
  )
  fc.assert(fc.property(fc.oneof(text, fc.uint8Array({ maxLength: 200 })), expectKeyOrRefusal), { numRuns: 2_000 })
  expect(() => parseKey('x'.repeat(100_000))).toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }) as Error)
  expect(() => parseKey('a passphrase of 32 characters ok')).toThrow(
    expect.objectContaining({ code: 'INVALID_INPUT' }) as Error,
  )
})

function expectKeyOrRefusal(input: string | Uint8Array): void {
  try {
    const { id, kind, secret } = parseKey(input)
    expect(id).toMatch(/^[0-9a-f]{32}$/)
    if (kind === 'aes-256') expect(secret).toHaveLength(32)
  } catch (error) {
    expect(isCofferError(error, 'INVALID_INPUT')).toBe(true)
    const given = Buffer.from(input).toString('latin1').trim()
    if (given.length > 15) expect((error as Error).message).not.toContain(given)
  }
}
