import { generateKeyPairSync } from 'node:crypto'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { CofferError, isCofferError } from '../../electron/base/errors.ts'
import { openCustomerKeys } from '../../electron/keys/customer-keys.ts'
import type { SecretStore } from '../../electron/keys/secret-store.ts'
import { openDatabase } from '../../electron/store/database.ts'
import { openKeyTable } from '../../electron/store/keys.ts'
import { temporaryFolder } from '../support/files.ts'

/*
 * Import takes what people find in old mails and what attackers send them. Whatever it is, it becomes a key that can be lent
 * and exported as it came, or a CofferError and nothing at all: neither a row without material nor material without a row.
 */

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const curve = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const pems = [
  rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  rsa.privateKey.export({ type: 'pkcs1', format: 'pem' }).toString(),
  rsa.publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  curve.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n',
  '-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaA==\n-----END OPENSSH PRIVATE KEY-----\n',
]

const bytes = fc.uint8Array({ maxLength: 100 })
const keyBytes = fc.uint8Array({ minLength: 31, maxLength: 33 })
const encoded = fc
  .tuple(keyBytes, fc.constantFrom('base64' as const, 'base64url' as const, 'hex' as const))
  .map(([key, encoding]) => Buffer.from(key).toString(encoding))
/** A PEM with a piece cut out and another put in. */
const mangled = fc
  .tuple(
    fc.constantFrom(...pems, ...pems.slice(0, 3)),
    fc.nat(2_000),
    fc.nat(40),
    fc.string({ maxLength: 12, unit: 'binary' }),
  )
  .map(([pem, at, cut, put]) => pem.slice(0, at) + put + pem.slice(at + cut))
/** About as long as is still looked at: a piece again and again, since so many random characters take their time. */
const aboutTooLong = fc
  .tuple(fc.string({ minLength: 1, maxLength: 60 }), fc.integer({ min: 65_000, max: 70_000 }))
  .map(([piece, length]) => piece.repeat(length).slice(0, length))
const junk = fc.oneof(fc.string({ unit: 'binary', maxLength: 200 }), aboutTooLong)
const text = fc.oneof(
  encoded,
  mangled,
  encoded.map((key) => `\ufeff ${key}\r\n`),
  fc.constantFrom(...pems),
  junk,
)
const input = fc.oneof(
  { arbitrary: text, weight: 4 },
  { arbitrary: text.map((t) => new Uint8Array(Buffer.from(t))), weight: 2 },
  { arbitrary: fc.oneof(bytes, keyBytes), weight: 2 },
)
const name = fc.option(fc.oneof(fc.string({ maxLength: 110, unit: 'binary' }), fc.constantFrom('a', 'A', ' a ')), {
  nil: undefined,
})

describe('import of anything', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  beforeAll(async () => {
    folder = await temporaryFolder()
    return folder.remove
  })

  it('is a whole key or a CofferError, and never half a key', async () => {
    const store = memoryStore()
    const database = openDatabase(folder.path)
    // Nothing here has to outlive a power cut.
    database.exec('PRAGMA synchronous = OFF')
    const keys = openCustomerKeys(openKeyTable(database), () => Promise.resolve(store))
    let [taken, refused] = [0, 0]
    const property = fc.asyncProperty(input, name, fc.boolean(), async (given, called, storeFails) => {
      store.fails = storeFails
      const before = await snapshot(keys, store)
      const copy = typeof given === 'string' ? given : new Uint8Array(given)
      try {
        const { id, kind } = await keys.import(given, { name: called })
        taken += 1
        expect(store.accounts().includes(`key/${id}`)).toBe(kind !== 'rsa-public')
        await keys.lend(id, 'cse', (key) => expect(key.kind).toBe(kind))
        await keys.delete(id)
      } catch (error) {
        if (!isCofferError(error)) throw error
        refused += 1
        if (typeof copy === 'string' && copy.length >= 16) expect(error.message + error.hint).not.toContain(copy)
      }
      store.fails = false
      expect(await snapshot(keys, store)).toEqual(before)
      expect(Buffer.from(given).equals(Buffer.from(copy)), 'what was given is left as it was').toBe(true)
    })
    await fc.assert(property, { numRuns: 4_000 })
    database.close()
    expect(taken).toBeGreaterThan(100)
    expect(refused).toBeGreaterThan(1_000)
  })
})

async function snapshot(keys: { list(): Promise<{ id: string; kind: string }[]> }, store: { accounts(): string[] }) {
  const listed = (await keys.list()).map(({ id, kind }) => `${id} ${kind}`)
  return { listed, stored: store.accounts() }
}

/** Secrets in a map; while it fails, every write is refused as a locked keychain refuses it. */
function memoryStore(): SecretStore & { fails: boolean; accounts(): string[] } {
  const held = new Map<string, Buffer>()
  return {
    kind: 'keychain',
    fails: false,
    list: () => Promise.resolve([...held.keys()]),
    async setAll(entries) {
      for (const [account, value] of entries) await this.set(account, value)
    },
    accounts: () => [...held.keys()].sort(),
    get: (account) => Promise.resolve(held.has(account) ? Buffer.from(held.get(account) ?? []) : null),
    set(account, value) {
      if (this.fails) return Promise.reject(new CofferError('KEYCHAIN_LOCKED', 'Locked.'))
      held.set(account, Buffer.from(value))
      return Promise.resolve()
    },
    delete(account) {
      held.delete(account)
      return Promise.resolve()
    },
  }
}
