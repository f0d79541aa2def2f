import { generateKeyPairSync, privateDecrypt, publicEncrypt, randomBytes } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { openCustomerKeys } from '../../../electron/keys/customer-keys.ts'
import { openSecrets } from '../../../electron/keys/open-secrets.ts'
import { openDatabase } from '../../../electron/store/database.ts'
import { openKeyTable } from '../../../electron/store/keys.ts'
import { openSettings } from '../../../electron/store/settings.ts'
import { testFolder } from '../store/folder.ts'
import { requireKeyring } from './keyring.ts'

beforeAll(requireKeyring)

/** Keys as a newly started Coffer has them. */
function openKeys(home: string) {
  const db = openDatabase(home)
  onTestFinished(() => db.close())
  return openCustomerKeys(openKeyTable(db), () => openSecrets({ home, settings: openSettings(db), env: {} }))
}

const material = (keys: ReturnType<typeof openKeys>, id: string) =>
  keys.lend(id, 'cse', (key) => (key.kind === 'aes-256' ? Buffer.from(key.bytes) : null))

describe('a customer key', () => {
  test('is made, used, used after a restart, and deleted', async () => {
    const home = testFolder()
    const keys = openKeys(home)
    const made = await keys.create({ name: 'mine' })
    expect(made).toMatchObject({ name: 'mine', kind: 'aes-256', kitSavedAt: null })
    const bytes = await material(keys, made.id)
    expect(bytes).toHaveLength(32)

    const later = openKeys(home)
    expect(await later.list()).toEqual([made])
    expect(await material(later, made.id)).toEqual(bytes)

    await later.delete(made.id)
    expect(await keys.list()).toEqual([])
    await expect(keys.lend(made.id, 'cse', () => null)).rejects.toMatchObject({ code: 'KEY_NOT_FOUND' })
    await expect(keys.delete(made.id)).rejects.toMatchObject({ code: 'KEY_NOT_FOUND' })
  })

  test('is lent for one use and zeroed after it, also when the use fails', async () => {
    const keys = openKeys(testFolder())
    const { id } = await keys.create({})
    const lent: Buffer[] = []
    const use = (fail: boolean) =>
      keys.lend(id, 'cse', async (key) => {
        if (key.kind === 'aes-256') lent.push(key.bytes)
        await Promise.resolve()
        expect(lent.at(-1)?.some((byte) => byte !== 0)).toBe(true)
        if (fail) throw new Error('no')
      })
    await use(false)
    await expect(use(true)).rejects.toThrow('no')
    expect(lent).toHaveLength(2)
    for (const bytes of lent) expect(bytes.every((byte) => byte === 0)).toBe(true)
    await keys.delete(id)
  })

  test('imported twice is one key that keeps its name', async () => {
    const keys = openKeys(testFolder())
    const bytes = randomBytes(32)
    const first = await keys.import(bytes.toString('hex'), { name: 'first' })
    expect(first.taken).toBe('new')
    const { taken, readAs, ...again } = await keys.import(bytes, { name: 'second' })
    expect({ taken, readAs }).toEqual({ taken: 'known', readAs: 'raw' })
    expect(again).toMatchObject({ id: first.id, name: 'first' })
    expect(await keys.list()).toEqual([again])
    const exported = await keys.export(first.id)
    expect(exported.bytes.equals(bytes)).toBe(true)
    await keys.delete(first.id)
  })

  test('is found by name, id, and 8 characters of its id', async () => {
    const keys = openKeys(testFolder())
    const key = await keys.create({ name: 'a' })
    const other = await keys.create({ name: key.id.slice(0, 8) })
    for (const text of ['a', 'A', key.id, key.id.slice(0, 9)]) expect(await keys.find(text)).toEqual(key)
    await expect(keys.find(key.id.slice(0, 8))).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    await expect(keys.find(key.id.slice(0, 7))).rejects.toMatchObject({ code: 'KEY_NOT_FOUND' })
    await keys.delete(key.id)
    await keys.delete(other.id)
  })

  test('has a name of its own on one line', async () => {
    const keys = openKeys(testFolder())
    const key = await keys.create({ name: ' a ' })
    const other = await keys.create({})
    expect(key.name).toBe('a')
    expect(other.name).toBe(`key-${other.id.slice(0, 8)}`)
    await expect(keys.create({ name: 'A' })).rejects.toMatchObject({ code: 'ALREADY_EXISTS' })
    await expect(keys.rename(other.id, 'a')).rejects.toMatchObject({ code: 'ALREADY_EXISTS' })
    for (const name of ['', ' ', 'a\nb', 'x'.repeat(101)]) {
      await expect(keys.rename(key.id, name)).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    }
    expect(await keys.rename(key.id, 'b')).toMatchObject({ id: key.id, name: 'b' })
    expect(await keys.list()).toHaveLength(2)
    await keys.delete(key.id)
    await keys.delete(other.id)
  })

  test('knows when its kit was saved', async () => {
    const keys = openKeys(testFolder())
    const { id } = await keys.create({})
    const at = new Date(1_700_000_000_000)
    expect(await keys.markKitSaved(id, at)).toMatchObject({ id, kitSavedAt: at })
    await keys.delete(id)
  })

  test('leaves nothing of itself in the folder in clear', async () => {
    const home = testFolder()
    const keys = openKeys(home)
    const { id } = await keys.create({})
    const pair = await keys.import(rsaPem(4096), {})
    const secrets = await Promise.all([keys.export(id), keys.export(pair.id)])
    const files = readdirSync(home, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
    expect(files.length).toBeGreaterThan(2)
    for (const { bytes } of secrets) {
      const part = bytes.subarray(bytes.length - 32)
      for (const file of files) {
        const content = readFileSync(join(file.parentPath, file.name))
        for (const form of [part, part.toString('hex'), part.toString('base64').slice(0, 40)]) {
          expect(content.includes(form)).toBe(false)
        }
      }
    }
    await keys.delete(id)
    await keys.delete(pair.id)
  })
})

describe('an RSA key', () => {
  test('is made as RSA-3072 and its two halves fit', async () => {
    const keys = openKeys(testFolder())
    const { id, kind } = await keys.create({ kind: 'rsa-3072', name: 'pair' })
    expect(kind).toBe('rsa-pair')
    await keys.lend(id, 'cse', (key) => {
      if (key.kind === 'aes-256' || key.privateKey === null) throw new Error('expected a pair')
      expect(key.publicKey.asymmetricKeyDetails?.modulusLength).toBe(3072)
      const sealed = publicEncrypt({ key: key.publicKey, oaepHash: 'sha256' }, Buffer.from('data key'))
      expect(String(privateDecrypt({ key: key.privateKey, oaepHash: 'sha256' }, sealed))).toBe('data key')
    })
    await keys.delete(id)
  })

  test('of 4096 bits, too long for a keychain entry, comes back whole', async () => {
    const home = testFolder()
    const pem = rsaPem(4096)
    const { id } = await openKeys(home).import(pem, {})
    const keys = openKeys(home)
    await keys.lend(id, 'cse', (key) => {
      if (key.kind === 'aes-256') throw new Error('expected RSA')
      expect(key.privateKey?.export({ type: 'pkcs8', format: 'pem' })).toBe(pem)
    })
    await keys.delete(id)
    expect(readdirSync(join(home, 'secrets'))).toEqual([])
  })

  test('with its public half only lends no private key, until the pair is imported', async () => {
    const keys = openKeys(testFolder())
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const privateKeyOf = (id: string) => keys.lend(id, 'cse', (key) => (key.kind === 'aes-256' ? null : key.privateKey))
    const half = await keys.import(publicKey.export({ type: 'spki', format: 'pem' }).toString(), { name: 'half' })
    expect(half.kind).toBe('rsa-public')
    expect(await privateKeyOf(half.id)).toBeNull()
    const spki = publicKey.export({ type: 'spki', format: 'der' })
    expect((await keys.export(half.id)).bytes.equals(spki)).toBe(true)

    const pair = await keys.import(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), {})
    expect(pair).toMatchObject({ id: half.id, name: 'half', kind: 'rsa-pair' })
    expect((await privateKeyOf(half.id))?.equals(privateKey)).toBe(true)
    await keys.delete(pair.id)
  })
})

function rsaPem(bits: number): string {
  return generateKeyPairSync('rsa', { modulusLength: bits })
    .privateKey.export({ type: 'pkcs8', format: 'pem' })
    .toString()
}
