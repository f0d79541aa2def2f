import { createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { isCofferError } from '../../../electron/base/errors.ts'
import { readKey } from '../../../electron/keys/import.ts'
import { aesMaterial } from '../../../electron/keys/material.ts'

/* Keys as people and programs really write them down; each form is one key or a refusal that names what was read. */

const key = Buffer.from('f1e2d3c4b5a697887766554433221100ffeeddccbbaa99887766554433221100', 'hex')
const pairs = key.toString('hex').match(/../g) ?? []
const TEXT = '32byteslongsecretkeymustbegiven1'
const idOf = (bytes: Uint8Array): string => aesMaterial(Buffer.from(bytes)).id
const utf16 = (text: string): Buffer => Buffer.from(`\ufeff${text}`, 'utf16le')

function refused(input: string | Buffer): { message: string; as: string | undefined } {
  try {
    readKey(input)
  } catch (error) {
    if (isCofferError(error, 'INVALID_INPUT')) return { message: error.message, as: error.facts['as'] }
    throw error
  }
  throw new Error('It was taken')
}

describe('a file with an AES-256 key', () => {
  const hex = key.toString('hex')
  const base64 = key.toString('base64')
  test.each<[string, string | Buffer, string]>([
    ['raw', key, 'raw'],
    ['raw, beginning as UTF-16 does', Buffer.concat([Buffer.of(0xff, 0xfe), key.subarray(2)]), 'raw'],
    ['hex', `${hex}\n`, 'hex'],
    ['hex in upper case', hex.toUpperCase(), 'hex'],
    ['hex with 0x', `0x${hex}`, 'hex'],
    ['hex with spaces', pairs.join(' '), 'hex'],
    ['hex with colons in upper case', `${pairs.join(':').toUpperCase()}\r\n`, 'hex'],
    ['hex in groups and lines', `${hex.slice(0, 32)}\n${hex.slice(32)}\n`, 'hex'],
    ['bytes of C', `{ ${pairs.map((pair) => `0x${pair}`).join(', ')} }`, 'hex'],
    ['escapes of a shell', pairs.map((pair) => `\\x${pair}`).join(''), 'hex'],
    ['base64', `${base64}\n`, 'base64'],
    ['base64 without padding', base64.replace('=', ''), 'base64'],
    ['url-base64', key.toString('base64url'), 'base64'],
    ['base64 with a line end of Windows', `${base64}\r\n`, 'base64'],
    ['base64 with a byte order mark', `\ufeff${base64}`, 'base64'],
    ['base64 in UTF-16', utf16(`${base64}\r\n`), 'base64'],
    ['base64 in quotes', `"${base64}"\n`, 'base64'],
    ['base64 with its name', `base64:${base64}`, 'base64'],
    ['base64 in two lines', `${base64.slice(0, 20)}\n${base64.slice(20)}\n`, 'base64'],
    ['a JWK', JSON.stringify({ kty: 'oct', k: key.toString('base64url'), alg: 'A256GCM' }), 'jwk'],
    ['a JWK set of one', JSON.stringify({ keys: [{ kty: 'oct', k: key.toString('base64url') }] }), 'jwk'],
  ])('is read from %s', (_, content, form) => {
    const file = Buffer.from(content)
    const read = readKey(file)
    expect(read.form).toBe(form)
    expect(read.material.id).toBe(form === 'raw' ? idOf(file) : idOf(key))
  })

  test.each<[string, string | Buffer]>([
    ['as they are', TEXT],
    ['with a line feed', `${TEXT}\n`],
    ['with a line end of Windows', `${TEXT}\r\n`],
    ['with a byte order mark', `\ufeff${TEXT}`],
    ['in UTF-16', utf16(`${TEXT}\r\n`)],
    ['in base64', Buffer.from(TEXT).toString('base64')],
    ['in base64, of `echo`', Buffer.from(`${TEXT}\n`).toString('base64')],
  ])('that is 32 characters, %s, is one key', (_, content) => {
    expect(readKey(Buffer.from(content)).material.id).toBe(idOf(Buffer.from(TEXT)))
  })

  test('that ends in the byte of a line feed keeps it in every form', () => {
    const ending = Buffer.concat([key.subarray(0, 31), Buffer.from('\n')])
    for (const form of [ending, ending.toString('base64'), ending.toString('hex')]) {
      expect(readKey(form).material.id).toBe(idOf(ending))
    }
  })

  test('that is 32 bytes of text with spaces at its ends, or of several bytes a character, keeps them', () => {
    for (const text of [' 30 characters between spaces   ', 'zwölf Boxkämpfer jagen Viktor.']) {
      const bytes = Buffer.from(text)
      expect(bytes).toHaveLength(32)
      expect(readKey(Buffer.concat([bytes, Buffer.from('\n')])).material.id).toBe(idOf(bytes))
    }
  })
})

describe('a text with two readings is not guessed', () => {
  const hex16 = randomBytes(16).toString('hex')
  test.each<[string, string | Buffer, string]>([
    ['16 bytes of hex', hex16, 'raw'],
    ['16 bytes of hex and a line feed', `${hex16}\n`, 'raw'],
    ['16 bytes of hex in upper case', hex16.toUpperCase(), 'raw'],
    ['16 bytes of hex with a byte order mark', `\ufeff${hex16}`, 'raw'],
    ['16 bytes of hex in base64', Buffer.from(hex16).toString('base64'), 'base64'],
    ['16 bytes of hex in hex', Buffer.from(hex16).toString('hex'), 'hex'],
    ['11 bytes of hex with spaces', '00 11 22 33 44 55 66 77 88 99 aa', 'raw'],
  ])('%s: it is named, and taken where the person insists', (_, content, as) => {
    const file = Buffer.from(content)
    const { message, as: offered } = refused(file)
    expect(message).toMatch(/hexadecimal.*(128|88) bits/)
    expect(offered).toBe(as)
    if (content === hex16) expect(readKey(file, 'raw').material.id).toBe(idOf(file))
  })

  test('31 characters and a line feed are 32 bytes', () => {
    const file = Buffer.from(`${TEXT.slice(1)}\n`)
    expect(refused(file)).toEqual({ message: expect.stringContaining('31 characters') as string, as: 'raw' })
    expect(readKey(file, 'raw').material.id).toBe(idOf(file))
  })

  test('32 raw bytes and a line feed', () => {
    const file = Buffer.concat([key, Buffer.from('\n')])
    expect(refused(file)).toEqual({ message: expect.stringContaining('line end') as string, as: 'raw' })
    expect(readKey(file, 'raw').material.id).toBe(idOf(key))
  })

  test('32 characters that were typed may be a passphrase', () => {
    expect(refused('a passphrase of 32 characters ok').as).toBe('raw')
  })
})

describe('a key of another size is named by what was read', () => {
  test.each<[string, string | Buffer, RegExp]>([
    ['16 raw bytes', Buffer.from([...key.subarray(0, 15), 0]), /16 bytes \(raw bytes\), a key of 128 bits/],
    ['24 raw bytes', Buffer.from([0, ...key.subarray(0, 23)]), /24 bytes \(raw bytes\), a key of 192 bits/],
    ['16 bytes in base64', key.subarray(0, 16).toString('base64'), /16 bytes \(base64\)/],
    ['24 bytes in hex', key.subarray(0, 24).toString('hex'), /24 bytes \(hexadecimal\)/],
    ['a JWK of 16 bytes', `{"kty":"oct","k":"${key.subarray(0, 16).toString('base64url')}"}`, /16 bytes \(a JWK\)/],
    ['an age identity', 'AGE-SECRET-KEY-1QQQQQQQQQ', /age identity/],
    ['a passphrase', 'correct horse, battery staple', /29 characters of text/],
    ['an EC key as JWK', '{"kty":"EC","crv":"P-256"}', /neither a JWK of kind oct/],
  ])('%s', (_, content, message) => {
    expect(refused(Buffer.from(content)).message).toMatch(message)
  })
})

describe('an RSA key', () => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  const publicPem = publicKey.export({ type: 'spki', format: 'pem' }).toString()
  const body = pem.split('\n').slice(1, -2)
  test.each<[string, string | Buffer]>([
    ['PEM with a byte order mark', `\ufeff${pem}`],
    ['PEM in UTF-16', utf16(pem)],
    ['PEM indented, as in YAML', pem.replaceAll(/^/gm, '    ')],
    ['PEM on one line, as in a variable', pem.trim().replaceAll('\n', '\\n')],
    ['PEM with spaces for line breaks', pem.replaceAll('\n', ' ')],
    ['PEM with its public half first', publicPem + pem],
    ['DER, PKCS #8', privateKey.export({ type: 'pkcs8', format: 'der' })],
    ['DER, PKCS #1', privateKey.export({ type: 'pkcs1', format: 'der' })],
    ['DER in base64, without the lines of PEM', body.join('\n')],
    ['a JWK', JSON.stringify(privateKey.export({ format: 'jwk' }))],
  ])('with its private half is read from %s', (_, content) => {
    expect(readKey(Buffer.from(content)).material).toMatchObject({ kind: 'rsa-pair', publicKey: publicPem })
  })

  test.each<[string, string | Buffer]>([
    ['DER, SPKI', publicKey.export({ type: 'spki', format: 'der' })],
    ['DER, PKCS #1', publicKey.export({ type: 'pkcs1', format: 'der' })],
    ['a JWK', JSON.stringify(createPublicKey(publicPem).export({ format: 'jwk' }))],
  ])('without it is read from %s', (_, content) => {
    expect(readKey(Buffer.from(content)).material).toMatchObject({ kind: 'rsa-public', secret: null })
  })

  test('in the form of OpenSSH is refused with the command that changes it', () => {
    const openssh = `-----BEGIN OPENSSH PRIVATE KEY-----\n${body.join('\n')}\n-----END OPENSSH PRIVATE KEY-----\n`
    expect(refused(openssh).message).toContain('OpenSSH')
    expect(refused('ssh-rsa AAAAB3NzaC1yc2E me@here').message).toContain('OpenSSH')
  })
})
