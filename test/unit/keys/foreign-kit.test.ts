import { randomBytes } from 'node:crypto'
import { armor, Encrypter, generateIdentity, identityToRecipient } from 'age-encryption'
import { beforeAll, describe, expect, test } from 'vitest'
import { sealAge } from '../../../electron/keys/age.ts'
import { serialiseKit } from '../../../electron/keys/kit-content.ts'
import { looksLikeKit, openKit, sealKit } from '../../../electron/keys/kit.ts'
import { codeOf, keysForKit, options, partsForKit, PASSPHRASE } from './kit-keys.ts'

let kit: Buffer
beforeAll(async () => {
  kit = await sealKit(partsForKit(), PASSPHRASE, options)
})

describe('a kit that an editor or another tool has been at', () => {
  const marked = (kit: Buffer): Buffer => Buffer.concat([Buffer.from('\ufeff'), kit])
  const utf16 = (kit: Buffer): Buffer => Buffer.from(`\ufeff${kit.toString()}`, 'utf16le')
  const crlf = (kit: Buffer): Buffer => Buffer.from(kit.toString().replaceAll('\n', '\r\n'))
  const idsOf = async (file: Buffer, given: Parameters<typeof openKit>[1]): Promise<string[]> =>
    (await openKit(file, given)).keys.map(({ id }) => id)
  const ids = keysForKit().map(({ id }) => id)

  test.each([
    ['as it is', (armored: string) => Buffer.from(armored)],
    ['with a byte order mark', (armored: string) => marked(Buffer.from(armored))],
    ['as PowerShell redirects it, in UTF-16', (armored: string) => utf16(Buffer.from(armored))],
    ['with line ends of Windows', (armored: string) => crlf(Buffer.from(armored))],
    [
      'wrapped anew, with lines around it',
      (armored: string) =>
        Buffer.from(`\n\n${armored.replaceAll(/([^-\n]{64})\n/g, '$1').replaceAll(/([^-\n]{76})/g, '$1\n')}\n \n`),
    ],
  ])('opens armored, %s', async (_, change) => {
    expect(await idsOf(change(armor.encode(kit)), { passphrase: PASSPHRASE })).toEqual(ids)
  })

  test('and has one character of its armor changed is INTEGRITY', async () => {
    const text = armor.encode(kit)
    for (let at = 0; at < text.length; at += 11) {
      const character = text[at] ?? ''
      if (/[-\n]/.test(character)) continue
      const changed = text.slice(0, at) + (character === 'A' ? 'B' : 'A') + text.slice(at + 1)
      expect(await codeOf(openKit(Buffer.from(changed), { passphrase: PASSPHRASE })), `character ${at}`).toBe(
        'INTEGRITY',
      )
    }
  })

  test.each([
    ['as it is', (json: Buffer) => json],
    ['with a byte order mark', marked],
    ['in UTF-16', utf16],
    ['', crlf],
  ])('and that age has decrypted is taken with consent and not without: %s', async (_, change) => {
    const file = change(serialiseKit(keysForKit(), null, options.madeAt))
    expect(looksLikeKit(file)).toBe(true)
    await expect(openKit(file, { passphrase: PASSPHRASE })).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      facts: { plainKit: 'yes' },
    })
    expect(await idsOf(file, { acceptPlain: true })).toEqual(ids)
  })

  test.each(['für Ålesund ﬁn', 'correct horse battery'])(
    'opens by other forms of “%s”, and says which',
    async (typed) => {
      const sealed = await sealKit(partsForKit(), typed.normalize('NFC'), options)
      const formOf = async (passphrase: string): Promise<unknown> => (await openKit(sealed, { passphrase })).form
      expect(await formOf(typed.normalize('NFC'))).toBe('as-given')
      expect(await formOf(typed.normalize('NFD'))).toBe(typed.normalize('NFD') === typed ? 'as-given' : 'nfc')
      expect(await formOf(` ${typed.normalize('NFC')}\n`)).toBe('trimmed')
      expect(await formOf(`\ufeff${typed.normalize('NFC')}`)).toBe('without-bom')
      const marked = await sealKit(partsForKit(), `\ufeff${typed}`, options)
      expect((await openKit(marked, { passphrase: typed })).form).toBe('with-bom')
    },
  )

  test('was sealed again by another tool: a wrong passphrase and damage to its content are told apart', async () => {
    const encrypter = new Encrypter()
    encrypter.setPassphrase(PASSPHRASE)
    encrypter.setScryptWorkFactor(2)
    const sealed = Buffer.from(await encrypter.encrypt(serialiseKit(keysForKit(), null, options.madeAt)))
    expect(await idsOf(sealed, { passphrase: PASSPHRASE })).toEqual(ids)
    expect(await codeOf(openKit(sealed, { passphrase: 'wrong' }))).toBe('PASSPHRASE_WRONG')
    for (let at = sealed.indexOf('\n--- ') + 6; at < sealed.length; at += 13) {
      const damaged = Buffer.from(sealed)
      damaged[at] = (damaged[at] ?? 0) ^ 1
      expect(await codeOf(openKit(damaged, { passphrase: PASSPHRASE })), `byte ${at}`).toBe('INTEGRITY')
    }
  })

  test('that is sealed for a key and not by a passphrase is UNSUPPORTED', async () => {
    const encrypter = new Encrypter()
    encrypter.addRecipient(await identityToRecipient(await generateIdentity()))
    const sealed = Buffer.from(await encrypter.encrypt(serialiseKit(keysForKit(), null, options.madeAt)))
    expect(await codeOf(openKit(sealed, { passphrase: PASSPHRASE }))).toBe('UNSUPPORTED')
  })

  test('of a work factor above the bound is UNSUPPORTED, before anything is computed', async () => {
    const huge = Buffer.from(kit.toString('latin1').replace(/(-> scrypt \S+) 2\n/, '$1 23\n'), 'latin1')
    const nonceAt = huge.indexOf('\n', huge.indexOf('\n--- ') + 1) + 1
    randomBytes(16).copy(huge, nonceAt)
    expect(await codeOf(openKit(huge, { passphrase: PASSPHRASE }))).toBe('UNSUPPORTED')
  })

  test('holds something else is INVALID_INPUT with what to do', async () => {
    const inside = async (content: string): Promise<unknown> =>
      openKit(await sealAge(PASSPHRASE, Buffer.from(content), 2), { passphrase: PASSPHRASE }).catch(
        (error: unknown) => error,
      )
    expect(await inside('a letter')).toMatchObject({ code: 'INVALID_INPUT' })
    expect(await inside('{"coffer":"secrets","version":1}')).toMatchObject({
      code: 'INVALID_INPUT',
      hint: expect.stringContaining('keys.age') as string,
    })
  })
})
