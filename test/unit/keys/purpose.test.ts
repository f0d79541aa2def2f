import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, onTestFinished, test } from 'vitest'
import { openCustomerKeys } from '../../../electron/keys/customer-keys.ts'
import { openSealedFile } from '../../../electron/keys/sealed-file.ts'
import { openDatabase } from '../../../electron/store/database.ts'
import { openKeyTable } from '../../../electron/store/keys.ts'
import { MIGRATIONS } from '../../../electron/store/migrations.ts'
import { testFolder } from '../store/folder.ts'

async function openKeys() {
  const folder = testFolder()
  const db = openDatabase(folder)
  onTestFinished(() => db.close())
  const sealed = openSealedFile(join(folder, 'keys.age'), () => Promise.resolve('a passphrase for tests'), {
    workFactor: 4,
  })
  await sealed.create()
  return openCustomerKeys(openKeyTable(db), () => Promise.resolve(sealed))
}
const KEY_PURPOSE = { code: 'KEY_PURPOSE' }
const rsa = () =>
  generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()

test('a new key gets its purpose by its first use, and keeps it', async () => {
  const keys = await openKeys()
  for (const [first, other] of [
    ['cse', 'sse-c'],
    ['sse-c', 'cse'],
  ] as const) {
    const { id, purpose } = await keys.create({})
    expect(purpose).toBe('unused')
    expect(await keys.claim(id, first)).toMatchObject({ purpose: first })
    expect(await keys.claim(id, first)).toMatchObject({ purpose: first })
    await expect(keys.claim(id, other)).rejects.toMatchObject(KEY_PURPOSE)
    await expect(keys.setPurpose(id, other)).rejects.toMatchObject(KEY_PURPOSE)
    expect(await keys.find(id)).toMatchObject({ purpose: first })
  }
})

test('only a key for SSE-C is lent to be sent', async () => {
  const keys = await openKeys()
  const lendToSend = (id: string) => keys.lend(id, 'sse-c', () => 'lent')
  const fresh = await keys.create({})
  const sealing = await keys.create({ purpose: 'cse' })
  const foreign = await keys.import(randomBytes(32), {})
  for (const { id } of [fresh, sealing, foreign]) await expect(lendToSend(id)).rejects.toMatchObject(KEY_PURPOSE)
  const sent = await keys.create({ purpose: 'sse-c' })
  expect(await lendToSend(sent.id)).toBe('lent')
})

test('what came from elsewhere may encrypt here at once, and is sent only if the person says so', async () => {
  const keys = await openKeys()
  const { id, purpose } = await keys.import(randomBytes(32), { name: 'mine' })
  expect(purpose).toBe('unknown')
  await expect(keys.claim(id, 'sse-c')).rejects.toMatchObject({
    ...KEY_PURPOSE,
    hint: expect.stringContaining('coffer key purpose mine sse-c') as string,
  })
  expect(await keys.setPurpose(id, 'sse-c')).toMatchObject({ purpose: 'sse-c' })
  const other = await keys.import(randomBytes(32), {})
  expect(await keys.claim(other.id, 'cse')).toMatchObject({ purpose: 'cse' })
})

test('an import says a purpose, fills in one that was not known, and never changes one', async () => {
  const keys = await openKeys()
  const bytes = randomBytes(32)
  const { id } = await keys.import(Buffer.from(bytes), {})
  expect(await keys.import(Buffer.from(bytes), { purpose: 'cse' })).toMatchObject({ id, purpose: 'cse' })
  await expect(keys.import(Buffer.from(bytes), { purpose: 'sse-c' })).rejects.toMatchObject(KEY_PURPOSE)
  expect(await keys.import(Buffer.from(bytes), {})).toMatchObject({ id, purpose: 'cse', taken: 'known' })
})

test('RSA keys are for CSE-C, and cannot be said to be for SSE-C', async () => {
  const keys = await openKeys()
  expect(await keys.import(rsa(), {})).toMatchObject({ kind: 'rsa-pair', purpose: 'cse' })
  await expect(keys.import(rsa(), { purpose: 'sse-c' })).rejects.toMatchObject({ code: 'INVALID_INPUT' })
  expect(await keys.list()).toHaveLength(1)
})

test('a kit gives its purpose to a key that has none here, and takes none away', async () => {
  const keys = await openKeys()
  const { id } = await keys.create({ name: 'mine' })
  const { bytes } = await keys.export(id)
  const kit = (purpose: 'cse' | 'sse-c') => ({
    madeAt: new Date(),
    keys: [
      {
        id,
        kind: 'aes-256' as const,
        publicKey: null,
        secret: Buffer.from(bytes),
        name: 'mine',
        createdAt: new Date(),
        purpose,
      },
    ],
  })
  expect(await keys.restore(kit('cse'))).toMatchObject([{ id, purpose: 'cse' }])
  expect(await keys.restore(kit('sse-c'))).toMatchObject([{ id, purpose: 'cse' }])
})

test('keys from before have the purpose that the catalog shows', () => {
  const folder = testFolder()
  const step = MIGRATIONS.findIndex((each) => each.includes('ADD COLUMN purpose'))
  const old = new DatabaseSync(join(folder, 'coffer.db'))
  for (const each of MIGRATIONS.slice(0, step)) old.exec(each)
  old.exec(`PRAGMA user_version = ${step}`)
  const key = old.prepare('INSERT INTO keys (id, name, kind, created_at) VALUES (?, ?, ?, 0)')
  const entry = old.prepare("INSERT INTO catalog VALUES ('p', 'b', ?, 'e', 1, ?, ?, NULL)")
  const uses = { sealing: ['cse-c'], sent: ['sse-c'], both: ['cse-c', 'sse-c'], fresh: [] }
  for (const [id, modes] of Object.entries(uses)) {
    key.run(id, id, 'aes-256')
    for (const mode of modes) entry.run(`${id} ${mode}`, mode, id)
  }
  key.run('pair', 'pair', 'rsa-pair')
  old.close()
  const db = openDatabase(folder)
  onTestFinished(() => db.close())
  const purposes = openKeyTable(db)
    .list()
    .map(({ id, purpose }) => [id, purpose])
  expect(Object.fromEntries(purposes)).toEqual({
    sealing: 'cse',
    // Servers know it.
    both: 'sse-c',
    sent: 'sse-c',
    fresh: 'unknown',
    pair: 'cse',
  })
})
