import { generateKeyPairSync, randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import { CofferError } from '../../../electron/base/errors.ts'
import { openCustomerKeys } from '../../../electron/keys/customer-keys.ts'
import { parseKey } from '../../../electron/keys/import.ts'
import type { KeyFromKit } from '../../../electron/keys/kit.ts'
import type { SecretStore } from '../../../electron/keys/secret-store.ts'
import { openDatabase } from '../../../electron/store/database.ts'
import { openKeyTable } from '../../../electron/store/keys.ts'
import { testFolder } from '../store/folder.ts'

/** A place for secrets that breaks down at a given write, before or after it has taken the secret in. */
function breakingStore(breaks: { at: number; after: boolean } | null) {
  const held = new Map<string, Buffer>()
  let writes = 0
  const store: SecretStore = {
    kind: 'keychain',
    get: (account) => Promise.resolve(held.get(account) ?? null),
    set(account, value) {
      const now = breaks !== null && ++writes === breaks.at
      if (!now || breaks.after) held.set(account, Buffer.from(value))
      return now ? Promise.reject(new CofferError('KEYCHAIN_LOCKED', 'Locked.')) : Promise.resolve()
    },
    async setAll(entries) {
      for (const [account, value] of entries) await store.set(account, value)
    },
    list: () => Promise.resolve([...held.keys()]),
    delete: (account) => Promise.resolve(void held.delete(account)),
  }
  return { held, store }
}

function openKeys(breaks: { at: number; after: boolean } | null = null) {
  const db = openDatabase(testFolder())
  onTestFinished(() => db.close())
  const { held, store } = breakingStore(breaks)
  return { held, keys: openCustomerKeys(openKeyTable(db), () => Promise.resolve(store)) }
}

const madeAt = new Date('2026-04-01T09:30:00.000Z')
const createdAt = new Date('2026-03-01T08:00:00.000Z')
const aesKey = (name: string, bytes = randomBytes(32), purpose: KeyFromKit['purpose'] = 'unknown'): KeyFromKit => ({
  ...parseKey(Buffer.from(bytes)),
  name,
  createdAt,
  purpose,
})
const pair = generateKeyPairSync('rsa', { modulusLength: 2048 })
const pairPem = pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
const halfPem = pair.publicKey.export({ type: 'spki', format: 'pem' }).toString()

test('a clean machine has all keys of the kit, with their names and dates, and they have a kit', async () => {
  const { keys, held } = openKeys()
  const bytes = randomBytes(32)
  const kit = {
    madeAt,
    keys: [aesKey('mine', bytes), { ...parseKey(pairPem), name: 'pair', createdAt, purpose: 'cse' as const }],
  }
  const restored = await keys.restore(kit)
  expect(restored.map(({ name, taken }) => [name, taken])).toEqual([
    ['mine', 'new'],
    ['pair', 'new'],
  ])
  expect(await keys.list()).toMatchObject([
    { name: 'mine', createdAt, kitSavedAt: madeAt },
    { name: 'pair', kind: 'rsa-pair', kitSavedAt: madeAt },
  ])
  expect(held.get(`key/${restored[0]?.id}`)?.equals(bytes)).toBe(true)
  expect(
    kit.keys.every(({ secret }) => secret?.every((byte) => byte === 0)),
    'the secrets are zeroed',
  ).toBe(true)
})

test('whichever write fails, nothing of the kit is here afterwards, and what was here still is', async () => {
  const property = fc.asyncProperty(
    fc.integer({ min: 1, max: 4 }),
    fc.integer({ min: 1, max: 4 }),
    fc.boolean(),
    async (count, at, after) => {
      const { keys, held } = openKeys({ at: at + 2, after })
      // Its material and its note are written first.
      const before = await keys.create({ name: 'before' })
      const kit = { madeAt, keys: Array.from({ length: count }, (_, index) => aesKey(`key ${index}`)) }
      if (at > count) {
        expect(await keys.restore(kit)).toHaveLength(count)
        return
      }
      await expect(keys.restore(kit)).rejects.toMatchObject({ code: 'KEYCHAIN_LOCKED' })
      expect(await keys.list()).toEqual([before])
      expect([...held.keys()]).toEqual([`key/${before.id}`, `about/${before.id}`])
      expect(kit.keys.every(({ secret }) => secret?.every((byte) => byte === 0))).toBe(true)
    },
  )
  await fc.assert(property, { numRuns: 40 })
})

test('a key that is here keeps its name, and the same key is not two', async () => {
  const { keys } = openKeys()
  const bytes = randomBytes(32)
  const mine = await keys.import(bytes, { name: 'mine' })
  expect(mine.kitSavedAt).toBeNull()
  const [restored] = await keys.restore({ madeAt, keys: [aesKey('old name', bytes)] })
  expect(restored).toMatchObject({ id: mine.id, name: 'mine', taken: 'known', kitSavedAt: madeAt })
  expect(await keys.list()).toHaveLength(1)
})

test('a key that is here but whose material is gone has it again', async () => {
  const { keys, held } = openKeys()
  const bytes = randomBytes(32)
  const { id } = await keys.import(bytes, { name: 'mine' })
  held.clear()
  await expect(keys.lend(id, 'cse', () => null)).rejects.toMatchObject({ code: 'KEY_NOT_FOUND' })
  await keys.restore({ madeAt, keys: [aesKey('mine', bytes)] })
  expect((await keys.export(id)).bytes.equals(bytes)).toBe(true)
})

test('a name that another key has gets a number', async () => {
  const { keys } = openKeys()
  await keys.create({ name: 'Mine' })
  const restored = await keys.restore({
    madeAt,
    keys: [aesKey('mine'), aesKey('mine'), aesKey('x'.repeat(100)), aesKey('x'.repeat(100))],
  })
  expect(restored.map(({ name }) => name)).toEqual(['mine (2)', 'mine (3)', 'x'.repeat(100), `${'x'.repeat(96)} (2)`])
})

test('a public half becomes the pair of the kit, and never the other way', async () => {
  const { keys } = openKeys()
  const half = await keys.import(halfPem, { name: 'half' })
  const [whole] = await keys.restore({
    madeAt,
    keys: [{ ...parseKey(pairPem), name: 'pair', createdAt, purpose: 'cse' as const }],
  })
  expect(whole).toMatchObject({ id: half.id, name: 'half', kind: 'rsa-pair', taken: 'completed', kitSavedAt: madeAt })
  const [still] = await keys.restore({
    madeAt,
    keys: [{ ...parseKey(halfPem), name: 'half', createdAt, purpose: 'cse' as const }],
  })
  expect(still).toMatchObject({ kind: 'rsa-pair', taken: 'known' })
})

test('of a pair that is imported for writing only, the private half is not kept', async () => {
  const { keys, held } = openKeys()
  const half = await keys.import(pairPem, { publicOnly: true })
  expect(half.kind).toBe('rsa-public')
  expect(held.size).toBe(0)
  await expect(keys.import(randomBytes(32), { publicOnly: true })).rejects.toMatchObject({ code: 'INVALID_INPUT' })
})
