import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { openCustomerKeys } from '../../../electron/keys/customer-keys.ts'
import { openSealedFile } from '../../../electron/keys/sealed-file.ts'
import { openPlaces } from '../../../electron/cloud/places.ts'
import { openCatalog } from '../../../electron/store/catalog.ts'
import { openDatabase } from '../../../electron/store/database.ts'
import { openKeyTable } from '../../../electron/store/keys.ts'
import { tryLock } from '../../../electron/store/lock.ts'
import { openPlaceTable } from '../../../electron/store/places.ts'
import { sweepPrivate, writeNewPrivate } from '../../../electron/store/private-file.ts'
import { openRekeyRuns } from '../../../electron/store/rekey-runs.ts'
import { sweepHome } from '../../../electron/store/sweep-home.ts'
import { writeBehind } from '../../../electron/store/write-behind.ts'
import { testFolder } from './folder.ts'

/* What a process that was killed has left, as the next one finds it. */

/** The id of a process that was there and is gone. */
function deadPid(): number {
  return spawnSync(process.execPath, ['--version']).pid
}

async function openStore() {
  const home = testFolder()
  const db = openDatabase(home)
  onTestFinished(() => db.close())
  const file = openSealedFile(join(home, 'keys.age'), () => Promise.resolve('a passphrase'), { workFactor: 4 })
  await file.create()
  const died = (): void => void db.prepare('UPDATE secret_writes SET pid = ?').run(deadPid())
  return { home, db, file, died, secrets: () => Promise.resolve(file) }
}

describe('a key whose material was being stored', () => {
  const row = {
    id: 'ab'.repeat(16),
    name: 'mine',
    kind: 'aes-256' as const,
    createdAt: new Date(1_000),
    kitSavedAt: null,
    kitDeclinedAt: null,
    publicKey: null,
    purpose: 'cse' as const,
  }

  test('is listed if the material arrived, as it was asked for', async () => {
    const { db, file, died, secrets } = await openStore()
    const table = openKeyTable(db)
    table.writes.begin(`key/${row.id}`, row)
    await file.set(`key/${row.id}`, Buffer.alloc(32, 7))
    died()
    const keys = openCustomerKeys(table, secrets)
    await expect(keys.create({ name: 'mine' })).rejects.toMatchObject({ code: 'ALREADY_EXISTS' })
    expect(await keys.list()).toMatchObject([{ id: row.id, name: 'mine', createdAt: row.createdAt, purpose: 'cse' }])
    expect((await keys.export(row.id)).bytes).toEqual(Buffer.alloc(32, 7))
    expect(table.writes.left()).toEqual([])
  })

  test('is forgotten if it did not arrive, and can be made again', async () => {
    const { db, died, secrets } = await openStore()
    const table = openKeyTable(db)
    table.writes.begin(`key/${row.id}`, row)
    died()
    const keys = openCustomerKeys(table, secrets)
    const { id } = await keys.create({ name: 'mine' })
    expect((await keys.list()).map((key) => key.id)).toEqual([id])
    expect(table.writes.left()).toEqual([])
  })

  test('is left alone while its process lives', async () => {
    const { db, file, secrets } = await openStore()
    const table = openKeyTable(db)
    table.writes.begin(`key/${row.id}`, row)
    await file.set(`key/${row.id}`, Buffer.alloc(32, 7))
    const keys = openCustomerKeys(table, secrets)
    await keys.create({ name: 'other' })
    expect((await keys.list()).map(({ name }) => name)).toEqual(['other'])
  })

  test('keeps its material under another name if its own was taken meanwhile', async () => {
    const { db, file, died, secrets } = await openStore()
    const table = openKeyTable(db)
    table.add({ ...row, id: 'cd'.repeat(16) })
    table.writes.begin(`key/${row.id}`, row)
    await file.set(`key/${row.id}`, Buffer.alloc(32, 7))
    died()
    const keys = openCustomerKeys(table, secrets)
    await keys.create({ name: 'third' })
    expect((await keys.list()).map(({ name }) => name).sort()).toEqual([`key-${row.id}`, 'mine', 'third'])
  })
})

test('a place whose access keys had arrived is there; one whose had not is forgotten', async () => {
  const { db, file, died, secrets } = await openStore()
  const [table, keys] = [openPlaceTable(db), openKeyTable(db)]
  const place = {
    id: '11'.repeat(8),
    name: 'nas',
    kind: 'compatible' as const,
    endpoint: 'https://nas.test',
    kmsEndpoint: undefined,
    region: 'us-east-1',
    pathStyle: true,
    caBundle: undefined,
    checksums: 'when-required' as const,
    credentials: { kind: 'keys' as const },
  }
  table.writes.begin(`place/${place.id}`, place)
  table.writes.begin('place/22', { ...place, id: '22', name: 'lost' })
  const credentials = { kind: 'keys' as const, accessKeyId: 'A', secretAccessKey: 'S' }
  await file.set(`place/${place.id}`, Buffer.from(JSON.stringify(credentials)))
  died()
  const places = openPlaces(table, { forgetPlace: () => undefined }, secrets)
  await places.add({ name: 'other', connection: { endpoint: 'https://other.test', region: 'us-east-1' }, credentials })
  expect((await places.list()).map(({ name }) => name)).toEqual(['This computer', 'nas', 'other'])
  expect(await places.connection(places.find('nas'))).toMatchObject({ endpoint: 'https://nas.test', credentials })
  expect([...table.writes.left(), ...keys.writes.left()]).toEqual([])
})

describe('files that were never finished', () => {
  test('go with the next write in their folder, and those of the living stay', async () => {
    const folder = testFolder()
    const [left, living] = [`.${deadPid()}-0123456789abcdef.tmp`, `.${process.pid}-0123456789abcdef.tmp`]
    for (const name of [left, living, '.mine.tmp']) writeFileSync(join(folder, name), 'half')
    await writeNewPrivate(join(folder, 'new'), Buffer.from('whole'))
    expect(readdirSync(folder).sort()).toEqual([living, '.mine.tmp', 'new'].sort())
    sweepPrivate(join(folder, 'not-there'))
  })

  test('are never at the name of the new file, and no other file is replaced', async () => {
    const path = join(testFolder(), 'kit')
    writeFileSync(path, 'mine')
    await expect(writeNewPrivate(path, Buffer.from('other'))).rejects.toMatchObject({ code: 'EEXIST' })
    expect(readFileSync(path, 'utf8')).toBe('mine')
    expect(readdirSync(join(path, '..'))).toEqual(['kit'])
  })
})

test('lock files of the dead go at the next start; those that are held, or of runs that can go on, stay', () => {
  const home = testFolder()
  const db = openDatabase(home)
  onTestFinished(() => db.close())
  using run = openRekeyRuns(db, home).begin(ORDER)
  const held = tryLock(join(home, 'process-00000001.lock'))
  for (const name of ['process-00000002.lock', 'process-00000003.lock-journal', 'rekey-77.lock', 'transfer-5.lock']) {
    writeFileSync(join(home, name), '')
  }
  sweepHome(home, db)
  const locks = readdirSync(home).filter((name) => name.includes('.lock'))
  expect(locks.filter((name) => !name.endsWith('-journal')).sort()).toEqual([
    'process-00000001.lock',
    `rekey-${run.id}.lock`,
  ])
  held?.[Symbol.dispose]()
  sweepHome(home, db)
  expect(existsSync(join(home, 'process-00000001.lock'))).toBe(false)
})

const ORDER = {
  place: 'local',
  bucket: 'papers',
  key: '',
  under: undefined,
  mode: 'sse-s3' as const,
  to: {},
}

describe('an object whose re-key was cut off', () => {
  const name = { bucket: 'papers', key: 'a' }
  const entry = { place: 'local', ...name, etag: 'e', size: 1, keyId: 'k', format: 'v3' as const }
  const known = { ...entry, mode: 'cse-c' as const }

  function open() {
    const home = testFolder()
    const db = openDatabase(home)
    onTestFinished(() => db.close())
    const catalog = openCatalog(db)
    catalog.stored(known, 0)
    writeBehind(db).flush()
    const runs = openRekeyRuns(db, home)
    const target = (): string | undefined => openCatalog(db).recall('local', 'papers', 'a')?.rekeyedTo
    return { catalog, runs, target, db }
  }

  test('may be what the re-key was to make of it only once the old content may be replaced', () => {
    const { runs, target } = open()
    using run = runs.begin(ORDER)
    run.start(name)
    expect(target()).toBeUndefined()
    run.replacing(name)
    expect(target()).toBe('sse-s3')
    run.failed(name, 'NETWORK')
    expect(target()).toBeUndefined()
    expect(run.wasCutOff(name)).toBe(true)
  })

  test('the same where the new content is written next to it first', () => {
    const { runs, target } = open()
    using run = runs.begin(ORDER)
    run.start(name)
    run.beside(name, 'a.coffer-0123456789abcdef.part')
    run.besideGone(name)
    expect(target()).toBe('sse-s3')
  })

  test('counts as done in the same moment in which the catalog knows it', () => {
    const { catalog, runs, db } = open()
    using run = runs.begin(ORDER)
    run.start(name)
    run.replacing(name)
    catalog.stored({ ...entry, mode: 'sse-s3', etag: 'new' }, 0)
    run.done(name, 'new')
    // Nothing waits in memory any more.
    expect(openCatalog(db).recall('local', 'papers', 'a')).toMatchObject({ mode: 'sse-s3', etag: 'new' })
    const row = db.prepare('SELECT mode FROM catalog').get()
    expect(row).toEqual({ mode: 'sse-s3' })
    expect(run.wasCutOff(name)).toBe(false)
  })
})
