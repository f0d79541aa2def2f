import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { existsSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { openCustomerKeys, type CustomerKeys } from '../../../electron/keys/customer-keys.ts'
import type { KeyInfo } from '../../../electron/keys/keyring.ts'
import { openKeySearch, openSecrets } from '../../../electron/keys/open-secrets.ts'
import { openDatabase } from '../../../electron/store/database.ts'
import { openKeyTable } from '../../../electron/store/keys.ts'
import { openSettings } from '../../../electron/store/settings.ts'
import { testFolder } from '../store/folder.ts'
import { requireKeyring } from './keyring.ts'

/* The database is gone, and the keys are listed again from where their material is kept. */

beforeAll(requireKeyring)

const PASSPHRASE = 'a passphrase for tests'
interface Opened {
  keys: CustomerKeys
  found: KeyInfo[]
  close: () => void
}

/** `sealed`: keys are kept in the sealed file, which the person opens; else in the keychain. */
function open(home: string, { sealed, passphrase = PASSPHRASE }: { sealed: boolean; passphrase?: string }): Opened {
  const db = openDatabase(home)
  const settings = openSettings(db)
  const env = { COFFER_PASSPHRASE_FILE: undefined }
  const where = { home, settings, env, askPassphrase: () => Promise.resolve(passphrase) }
  let opened: ReturnType<typeof openSecrets> | undefined
  const secrets = () => (opened ??= sealed ? openSealed(where) : openSecrets(where))
  const found: KeyInfo[] = []
  const keys = openCustomerKeys(openKeyTable(db), secrets, {
    search: openKeySearch(where, secrets),
    onFound: (again) => found.push(...again),
  })
  return { keys, found, close: () => db.close() }
}

/** A host with COFFER_PASSPHRASE_FILE keeps keys in the file, whatever keychain there is. */
async function openSealed(where: Parameters<typeof openSecrets>[0]): ReturnType<typeof openSecrets> {
  const passphrase = await where.askPassphrase?.('', 'open')
  const file = join(testFolder(), 'passphrase')
  writeFileSync(file, `${passphrase}\n`)
  return openSecrets({ ...where, env: { COFFER_PASSPHRASE_FILE: file } })
}

function lose(home: string): void {
  for (const end of ['', '-wal', '-shm']) rmSync(join(home, `coffer.db${end}`), { force: true })
}

const rsa = () => generateKeyPairSync('rsa', { modulusLength: 4096 }).privateKey
const pem = () => rsa().export({ type: 'pkcs8', format: 'pem' }).toString()

describe.each([
  ['the keychain', false],
  ['the sealed file', true],
])('%s', (_where, sealed) => {
  test('lists all keys again, with what was known of them, and they open what they opened', async () => {
    const home = testFolder()
    const before = open(home, { sealed })
    const aes = await before.keys.create({ name: 'mine', purpose: 'sse-c' })
    const used = await before.keys.create({ name: 'used later' })
    const pair = await before.keys.import(pem(), { name: 'pair' })
    const half = await before.keys.import(pem(), { name: 'half', publicOnly: true })
    await before.keys.rename(aes.id, 'renamed')
    await before.keys.markKitSaved(pair.id, new Date('2026-04-01T09:30:00Z'))
    const materials = await Promise.all([aes.id, pair.id, half.id].map((id) => before.keys.export(id)))
    before.close()
    lose(home)

    const after = open(home, { sealed })
    onTestFinished(after.close)
    const list = await after.keys.list()
    expect(list).toMatchObject([
      { name: 'half', kind: 'rsa-public', purpose: 'cse', id: half.id },
      { name: 'pair', kind: 'rsa-pair', purpose: 'cse', id: pair.id, kitSavedAt: new Date('2026-04-01T09:30:00Z') },
      { name: 'renamed', kind: 'aes-256', purpose: 'sse-c', id: aes.id, createdAt: aes.createdAt },
      // It may have been used since its note was written.
      { name: 'used later', kind: 'aes-256', purpose: 'unknown', id: used.id },
    ])
    expect(after.found).toHaveLength(4)
    const again = await Promise.all([aes.id, pair.id, half.id].map((id) => after.keys.export(id)))
    expect(again).toEqual(materials)
    for (const { id } of list) await after.keys.delete(id)
    expect(await after.keys.list()).toEqual([])
  })

  test('has no key that was deleted, and is asked once', async () => {
    const home = testFolder()
    const before = open(home, { sealed })
    const { id } = await before.keys.create({ name: 'deleted' })
    const stays = await before.keys.create({ name: 'stays' })
    await before.keys.delete(id)
    before.close()
    lose(home)
    const after = open(home, { sealed })
    expect((await after.keys.list()).map(({ name }) => name)).toEqual(['stays'])
    await after.keys.delete(stays.id)
    after.close()
    const later = open(home, { sealed })
    onTestFinished(later.close)
    expect(await later.keys.list()).toEqual([])
    expect(later.found).toEqual([])
  })
})

test('a new key in the new database, made before anybody looked, stands beside those that are found', async () => {
  const home = testFolder()
  const before = open(home, { sealed: false })
  await before.keys.create({ name: 'mine' })
  before.close()
  truncateSync(join(home, 'coffer.db'), 0)
  const after = open(home, { sealed: false })
  onTestFinished(after.close)
  await after.keys.create({ name: 'mine' })
  expect((await after.keys.list()).map(({ name }) => name)).toEqual(['mine', 'mine (2)'])
  for (const { id } of await after.keys.list()) await after.keys.delete(id)
})

test('a sealed file whose passphrase is not given is no empty list', async () => {
  const home = testFolder()
  const before = open(home, { sealed: true })
  await before.keys.import(randomBytes(32), { name: 'mine' })
  before.close()
  lose(home)
  const without = open(home, { sealed: false, passphrase: '' })
  await expect(without.keys.list()).rejects.toMatchObject({ code: 'PASSPHRASE_NEEDED' })
  await expect(without.keys.find('mine')).rejects.toMatchObject({ code: 'PASSPHRASE_NEEDED' })
  without.close()
})

test('a folder that never had keys has none, and nothing is chosen or asked for it', async () => {
  const home = testFolder()
  const fresh = open(home, { sealed: false })
  onTestFinished(fresh.close)
  expect(await fresh.keys.list()).toEqual([])
  expect(existsSync(join(home, 'secrets.lock'))).toBe(false)
  expect(existsSync(join(home, 'keys.age'))).toBe(false)
})
