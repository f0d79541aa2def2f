import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { isCofferError } from '../../../electron/base/errors.ts'
import { sealAge } from '../../../electron/keys/age.ts'
import { parseKit, serialiseKit } from '../../../electron/keys/kit-content.ts'
import { checkPassphrase, newPassphrase } from '../../../electron/keys/new-passphrase.ts'
import { kitSheet } from '../../../electron/keys/kit-sheet.ts'
import { looksLikeKit, openKit, sealKit } from '../../../electron/keys/kit.ts'
import type { KeyInfo } from '../../../electron/keys/keyring.ts'
import {
  aes,
  codeOf,
  computerForKit,
  createdAt,
  keysForKit,
  options,
  partsForKit,
  PASSPHRASE,
  pkcs8,
  privateKey,
  publicKey,
} from './kit-keys.ts'

let kit: Buffer
beforeAll(async () => {
  kit = await sealKit(partsForKit(), PASSPHRASE, options)
})

describe('a recovery kit', () => {
  test('gives everything back: keys of each kind with name and date, and This computer', async () => {
    expect(looksLikeKit(kit)).toBe(true)
    const { keys, madeAt, thisComputer } = await openKit(kit, { passphrase: PASSPHRASE })
    expect(thisComputer).toEqual(computerForKit())
    expect(madeAt).toEqual(options.madeAt)
    expect(keys.map(({ id, name, kind, purpose }) => ({ id, name, kind, purpose }))).toEqual(
      keysForKit().map(({ id, name, kind, purpose }) => ({ id, name, kind, purpose })),
    )
    expect(keys.every((key) => key.createdAt.getTime() === createdAt.getTime())).toBe(true)
    expect(keys.map(({ secret }) => secret)).toEqual([aes, pkcs8, null])
    expect(keys[1]?.publicKey).toBe(publicKey.export({ type: 'spki', format: 'pem' }))
  })

  test.each(['unused', 'unknown'] as const)(
    'says nothing of what an %s key is for: it may be used by then',
    (purpose) => {
      const [mine] = keysForKit()
      const plaintext = serialiseKit(mine === undefined ? [] : [{ ...mine, purpose }], null, createdAt)
      expect(plaintext.toString()).not.toContain('"purpose"')
      expect(parseKit(plaintext).keys[0]?.purpose).toBe('unknown')
    },
  )

  test('of more than one chunk of age (64 KiB) comes back whole, at and around its edges', async () => {
    for (const length of [0, 1, 65_535, 65_536, 65_537, 131_072, 200_000]) {
      const plaintext = randomBytes(length)
      const sealed = await sealAge(PASSPHRASE, plaintext, 2)
      const { Decrypter } = await import('age-encryption')
      const decrypter = new Decrypter()
      decrypter.addPassphrase(PASSPHRASE)
      expect(Buffer.from(await decrypter.decrypt(sealed)).equals(plaintext), String(length)).toBe(true)
    }
  })

  test('with one byte changed, whichever it is, is refused as INTEGRITY', async () => {
    for (let at = 0; at < kit.length; at += 1) {
      const changed = Buffer.from(kit)
      changed[at] = (changed[at] ?? 0) ^ (1 << (at % 8))
      expect(await codeOf(openKit(changed, { passphrase: PASSPHRASE })), `byte ${at} of ${kit.length}`).toBe(
        'INTEGRITY',
      )
    }
  })

  test('with a changed header is INTEGRITY even under a wrong passphrase', async () => {
    const headerEnd = kit.indexOf('\n', kit.indexOf('\n--- ') + 1) + 1
    for (let at = 0; at < headerEnd; at += 1) {
      const changed = Buffer.from(kit)
      changed[at] = (changed[at] ?? 0) ^ 1
      expect(await codeOf(openKit(changed, { passphrase: 'a wrong passphrase' })), `byte ${at}`).toBe('INTEGRITY')
    }
  })

  test('cut short, or with something after it, is INTEGRITY', async () => {
    for (let length = 0; length < kit.length; length += 7) {
      expect(await codeOf(openKit(kit.subarray(0, length), { passphrase: PASSPHRASE })), `${length} bytes`).toBe(
        'INTEGRITY',
      )
    }
    expect(await codeOf(openKit(Buffer.concat([kit, Buffer.from('\n')]), { passphrase: PASSPHRASE }))).toBe('INTEGRITY')
  })

  test('under another passphrase is PASSPHRASE_WRONG', async () => {
    for (const passphrase of ['', 'wrong', `${PASSPHRASE}!`, PASSPHRASE.toUpperCase()]) {
      expect(await codeOf(openKit(kit, { passphrase }))).toBe('PASSPHRASE_WRONG')
    }
  })

  test('that is anything else at all is INTEGRITY, and never a crash', async () => {
    const start = Buffer.from('age-encryption.org/v1\n')
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 500 }),
      fc.uint8Array({ maxLength: 500 }).map((rest) => Buffer.concat([start, rest])),
      fc
        .string({ maxLength: 300 })
        .map((rest) => Buffer.from(`age-encryption.org/v1\n-> scrypt ${rest}\n--- ${rest}\n`)),
    )
    const property = fc.asyncProperty(bytes, async (input) => {
      expect(await codeOf(openKit(input, { passphrase: PASSPHRASE }))).toBe('INTEGRITY')
    })
    await fc.assert(property, { numRuns: 500 })
  })

  test('holds no key in clear', () => {
    for (const secret of [aes, pkcs8.subarray(40, 80)]) {
      for (const form of [secret, secret.toString('hex'), secret.toString('base64').slice(0, 40)]) {
        expect(kit.includes(form)).toBe(false)
      }
    }
  })
})

describe('what is in a kit', () => {
  const content = (): Record<string, unknown> & { keys: Record<string, unknown>[] } =>
    JSON.parse(serialiseKit(keysForKit(), computerForKit(), options.madeAt).toString()) as never
  const parse = (json: unknown): string => {
    try {
      const { keys } = parseKit(Buffer.from(typeof json === 'string' ? json : JSON.stringify(json)))
      return `${keys.length} keys`
    } catch (error) {
      if (!isCofferError(error)) throw error
      return error.code
    }
  }
  /** The content with one thing changed. */
  const changed = (change: (whole: ReturnType<typeof content>) => void): ReturnType<typeof content> => {
    const whole = content()
    change(whole)
    return whole
  }
  const [mine, pair, half] = [0, 1, 2].map((index) => (whole: ReturnType<typeof content>) => whole.keys[index] ?? {})

  test('is JSON with words on how to use it', () => {
    expect(parse(content())).toBe('3 keys')
    expect(content()).toMatchObject({ format: 'coffer-recovery-kit', version: 2, made: '2026-04-01T09:30:00.000Z' })
    expect(content()['howToUse']).toContainEqual(expect.stringContaining('--sse-c-key fileb://'))
    expect(content()['howToUse']).toContainEqual(expect.stringContaining('addDescription("coffer-key", "ID")'))
    expect(content().keys[0]).toMatchObject({ name: 'mine', kind: 'aes-256', base64: aes.toString('base64') })
    expect(content().keys[1]?.['privateKeyPem']).toBe(privateKey.export({ type: 'pkcs8', format: 'pem' }))
  })

  test('may hold more than this Coffer knows of', () => {
    expect(parse(changed((whole) => (whole['extra'] = 1)))).toBe('3 keys')
    expect(parse(changed((whole) => ((mine?.(whole) ?? {})['extra'] = { of: 'a key' })))).toBe('3 keys')
  })

  test('of a newer version is UNSUPPORTED', () => {
    expect(parse(changed((whole) => (whole['version'] = 3)))).toBe('UNSUPPORTED')
  })

  test('of the first version, which knew no This computer, is read', () => {
    const first = changed((whole) => (whole['version'] = 1))
    delete first['thisComputer']
    expect(parse(first)).toBe('3 keys')
  })

  test('may be This computer alone', () => {
    const alone = parseKit(Buffer.from(JSON.stringify(changed((whole) => (whole.keys = [])))))
    expect(alone).toMatchObject({ keys: [], thisComputer: computerForKit() })
  })

  const computer = (whole: ReturnType<typeof content>): Record<string, unknown> =>
    whole['thisComputer'] as Record<string, unknown>
  test.each<[string, (whole: ReturnType<typeof content>) => void]>([
    ['nothing', (whole) => ((whole.keys = []), delete whole['thisComputer'])],
    ['a root key that is too short', (whole) => (computer(whole)['rootKeyBase64'] = 'AAAA')],
    ['a backup of KMS keys that is not base64', (whole) => (computer(whole)['kmsBackupBase64'] = '?')],
    ['a version that is no number', (whole) => (whole['version'] = '1')],
    [
      'a key that is not the one of its id',
      (whole) => ((mine?.(whole) ?? {})['base64'] = randomBytes(32).toString('base64')),
    ],
    ['a key that is too short', (whole) => ((mine?.(whole) ?? {})['base64'] = randomBytes(16).toString('base64'))],
    ['a key of another kind', (whole) => ((pair?.(whole) ?? {})['kind'] = 'rsa-public')],
    [
      'a public half that is not of the pair',
      (whole) => ((pair?.(whole) ?? {})['publicKeyPem'] = half?.(whole)['publicKeyPem']),
    ],
    [
      'a pair where a public half is said to be',
      (whole) => ((half?.(whole) ?? {})['publicKeyPem'] = pair?.(whole)['privateKeyPem']),
    ],
    ['one key twice', (whole) => whole.keys.push(whole.keys[0] ?? {})],
    ['a name of two lines', (whole) => ((mine?.(whole) ?? {})['name'] = 'a\nb')],
    ['a date that is none', (whole) => ((mine?.(whole) ?? {})['created'] = 'yesterday')],
  ])('%s is INTEGRITY', (_, change) => {
    expect(parse(changed(change))).toBe('INTEGRITY')
  })

  test('with one character changed is refused or changed in words alone, and no key of it is ever another', () => {
    const text = JSON.stringify(content())
    const ids = keysForKit().map(({ id }) => id)
    const property = fc.property(fc.nat(text.length - 1), fc.integer({ min: 32, max: 126 }), (at, char) => {
      const bytes = Buffer.from(text.slice(0, at) + String.fromCharCode(char) + text.slice(at + 1))
      try {
        expect(parseKit(bytes).keys.map(({ id }) => id)).toEqual(ids)
      } catch (error) {
        expect(['INTEGRITY', 'UNSUPPORTED', 'INVALID_INPUT']).toContain(
          isCofferError(error) ? error.code : String(error),
        )
      }
    })
    fc.assert(property, { numRuns: 500 })
  })

  test('that is any other JSON, or none, is INVALID_INPUT', () => {
    const property = fc.property(fc.oneof(fc.json(), fc.string()), (json) => {
      expect(parse(json)).toBe('INVALID_INPUT')
    })
    fc.assert(property)
    expect(parse(changed((whole) => (whole['format'] = 'x')))).toBe('INVALID_INPUT')
  })
})

describe('the passphrase of a kit', () => {
  test('made by Coffer passes its own rule, and is another each time', async () => {
    const made = Array.from({ length: 200 }, newPassphrase)
    for (const passphrase of made) expect(passphrase).toMatch(/^([0-9a-hjkmnp-tv-z]{4}-){5}[0-9a-hjkmnp-tv-z]{4}$/)
    for (const passphrase of made.slice(0, 20)) await checkPassphrase(passphrase)
    expect(new Set(made).size).toBe(200)
  })

  test.each([
    ...['', 'short', 'elevenchars', 'aaaaaaaaaaaaaaaa', 'abababababababab', 'two lines\nof words'],
    ...['123456789012', 'qwertyuiopas', 'passwordpassword', 'Passw0rd!Passw0rd!'],
  ])('%j is too weak, and the error does not repeat it', async (passphrase) => {
    const failure: unknown = await checkPassphrase(passphrase).catch((error: unknown) => error)
    expect(failure).toMatchObject({ code: 'INVALID_INPUT' })
    if (passphrase !== '') expect((failure as Error).message).not.toContain(passphrase)
  })
})

describe('the sheet to print', () => {
  const info = (name: string, index: number): KeyInfo => ({
    ...{ id: keysForKit()[index]?.id ?? '', name, createdAt },
    ...{ kind: keysForKit()[index]?.kind ?? 'aes-256', kitSavedAt: null, kitDeclinedAt: null, purpose: 'cse' },
  })
  const sheet = (name: string, kitPath: string, hint?: string): string =>
    kitSheet([info(name, 0), info('pair', 1), info('half', 2)], {
      kitPath,
      kit,
      hint,
      madeAt: options.madeAt,
      thisComputer: { dataDir: kitPath },
    })

  test('names keys, kit and the way back, and holds neither script nor anything remote', () => {
    const html = sheet('mine', '/media/stick/mine.kit', 'the song')
    for (const text of ['mine', info('mine', 0).id, 'AES-256', '2026-03-01', 'the song', 'fileb://mine.key']) {
      expect(html).toContain(text)
    }
    expect(html).toContain('<pre>age -d -o kit.json /media/stick/mine.kit</pre>')
    expect(html).toContain('<pre>coffer key restore /media/stick/mine.kit</pre>')
    expect(html).toContain('<pre>coffer up --data FOLDER --kit /media/stick/mine.kit</pre>')
    expect(html).toContain("default-src 'none'")
    expect(html).not.toMatch(/<script|https?:|<img|<link|\bon\w+=|url\(/i)
  })

  test('escapes whatever names, hints and paths hold', () => {
    const text = fc.string({ unit: fc.constantFrom('<', '>', '&', '"', "'", 'a', ' ', '/') })
    const property = fc.property(text, text, text, (name, path, hint) => {
      const html = sheet(name, `/${path}`, hint)
      const tags = [...html.matchAll(/<[^>]*>/g)].map(([tag]) => tag)
      const known = [...sheet('a', '/a', 'a').matchAll(/<[^>]*>/g)].map(([tag]) => tag)
      expect(tags).toEqual(known)
    })
    fc.assert(property)
    expect(sheet('x', "/a b'; rm -rf ~")).toContain(`age -d -o kit.json &#39;/a b&#39;\\&#39;&#39;; rm -rf ~&#39;`)
  })
})
