import { randomBytes } from 'node:crypto'
import { closeSync, cpSync, ftruncateSync, mkdtempSync, openSync, readdirSync, readFileSync } from 'node:fs'
import { renameSync, rmSync, statSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { DeleteObjectCommand } from '@aws-sdk/client-s3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startLocalServer } from '../../../support/local-server.ts'
import { LARGE, VaultFolder, type Described } from './vault-folder.ts'

let vault: VaultFolder
beforeEach(async () => {
  vault = new VaultFolder()
  await vault.start()
})
afterEach(() => vault.remove())

const DAMAGES: [string, () => void][] = [
  ['lost', () => vault.removeIndex()],
  ['cut short', () => cut('s3.db', 0.5)],
  ['empty', () => cut('s3.db', 0)],
  ['overwritten in the middle', () => scribble('s3.db')],
]

function cut(name: string, share: number): void {
  const fd = openSync(vault.file(name), 'r+')
  ftruncateSync(fd, Math.floor(statSync(vault.file(name)).size * share))
  closeSync(fd)
}

function scribble(name: string): void {
  const fd = openSync(vault.file(name), 'r+')
  const { size } = statSync(vault.file(name))
  writeSync(fd, randomBytes(20_000), 0, 20_000, Math.floor(size / 3))
  closeSync(fd)
}

describe('s3.db', () => {
  it.each(DAMAGES)('that is %s is made anew, with everything as it was', async (_what, damage) => {
    await vault.fill()
    const before = await vault.described()
    const files = vault.contentFiles()
    await vault.restartAfter(damage)
    expect(vault.codes()).toEqual(['INDEX_REBUILT'])
    expect(await vault.described()).toEqual(before)
    expect(await vault.failures()).toEqual([])
    expect(vault.contentFiles()).toEqual(files)
    await vault.put('plain', 'afterwards', LARGE)
    await vault.restartAfter(() => undefined)
    expect(vault.codes()).toEqual([])
    expect(await vault.failures()).toEqual([])
  })

  it('that is older than the log follows it', async () => {
    await vault.bucket('plain')
    await vault.put('plain', 'first', 500)
    await vault.restartAfter(() => cpSync(vault.file('s3.db'), vault.file('old.db')))
    await fill2()
    const before = await vault.described()
    await vault.restartAfter(() => {
      vault.removeIndex()
      cpSync(vault.file('old.db'), vault.file('s3.db'))
      rmSync(vault.file('old.db'))
    })
    expect(vault.codes()).toEqual([])
    expect(await vault.described()).toEqual(before)
    expect(await vault.failures()).toEqual([])
    // The same in the very file that it was, as after a power cut.
    await vault.restartAfter(() => cpSync(vault.file('s3.db'), vault.file('old.db')))
    await vault.put('plain', 'last', 100)
    await vault.restartAfter(() => {
      const fd = openSync(vault.file('s3.db'), 'r+')
      ftruncateSync(fd, 0)
      writeSync(fd, readFileSync(vault.file('old.db')))
      closeSync(fd)
      rmSync(vault.file('old.db'))
    })
    expect(vault.codes()).toEqual([])
    expect(await vault.failures()).toEqual([])
  })

  async function fill2(): Promise<void> {
    await vault.put('plain', 'second', 500)
    await vault.put('plain', 'third', LARGE)
    await vault.put('plain', 'first', LARGE)
  }

  it('that is newer than objects/ keeps what only it has, and says which content is gone', async () => {
    await vault.bucket('plain')
    await vault.put('plain', 'first', LARGE)
    await vault.restartAfter(() => cpSync(vault.file('objects'), vault.file('old'), { recursive: true }))
    await vault.put('plain', 'small', 500)
    await vault.put('plain', 'large', LARGE)
    await vault.restartAfter(() => {
      rmSync(vault.file('objects'), { recursive: true })
      renameSync(vault.file('old'), vault.file('objects'))
    })
    expect(vault.codes()).toEqual(['CONTENT_MISSING'])
    expect(await vault.failures()).toEqual([expect.stringMatching(/^plain\/large: ObjectDamaged/) as string])
    await vault.restartAfter(() => undefined, { rebuild: true })
    expect(await vault.listed('plain')).toEqual(['first', 'small'])
    const list = readdirSync(vault.file('found')).find((name) => name.startsWith('missing-')) ?? ''
    expect(readFileSync(vault.file('found', list), 'utf8')).toMatch(/^{"bucket":"plain","key":"large"[^\n]*}\n$/)
  })
})

describe('with its log lost as well', () => {
  it('the content files alone bring their objects back, versions in order, and their buckets with their settings', async () => {
    await vault.fill()
    const before = await vault.described()
    const files = vault.contentFiles()
    await vault.restartAfter(() => {
      vault.removeIndex()
      vault.removeLog()
    })
    expect(vault.codes()).toEqual(['INDEX_REBUILT'])
    expect(vault.contentFiles()).toEqual(files)
    for (const [name, { key }] of vault.kept.bytes) if (/small|empty/.test(key)) vault.kept.bytes.delete(name)
    expect(await vault.failures()).toEqual([])
    // Small objects, delete markers and later tags are in the log alone.
    const facts = (buckets: Described[]) =>
      buckets.map(({ Bucket, Status, ServerSideEncryptionConfiguration, Versions = [] }) => {
        const large = Versions.filter(({ Size = 0 }) => Size > 40_000)
        return {
          Bucket,
          Status,
          ServerSideEncryptionConfiguration,
          versions: large.map(({ Key, Size, VersionId }) => ({ Key, Size, VersionId })),
        }
      })
    expect(facts(await vault.described())).toEqual(facts(before))
  })
})

describe('content files that the index does not know', () => {
  /** An index and a log that are older than the content files. */
  async function ageIndex(): Promise<void> {
    await vault.bucket('plain')
    await vault.put('plain', 'old', LARGE)
    await vault.put('plain', 'both', LARGE)
    let aged = ''
    await vault.restartAfter(() => {
      aged = mkdtempSync(join(tmpdir(), 'coffer-aged-'))
      cpSync(vault.file('objects', 'log'), join(aged, 'log'), { recursive: true })
      cpSync(vault.file('s3.db'), join(aged, 's3.db'))
    })
    await vault.put('plain', 'new', LARGE)
    await vault.put('plain', 'both', LARGE)
    await vault.putInParts('plain', 'parts', [5 << 20, LARGE])
    await vault.restartAfter(() => {
      vault.removeLog()
      vault.removeIndex()
      cpSync(join(aged, 'log'), vault.file('objects', 'log'), { recursive: true })
      cpSync(join(aged, 's3.db'), vault.file('s3.db'))
      rmSync(aged, { recursive: true })
    })
  }

  it('because index and log are older are never deleted, and come back; of two with one name the newer is the object', async () => {
    await ageIndex()
    expect(vault.codes()).toEqual(['CONTENT_FOUND'])
    expect(await vault.listed('plain')).toEqual(['both', 'old'])
    const files = vault.contentFiles()
    for (const rebuild of [false, true, false]) {
      await vault.restartAfter(() => undefined, { rebuild, keepRemovedMs: 0 })
      expect(vault.contentFiles()).toEqual(files)
    }
    expect(await vault.failures()).toEqual([])
    expect(vault.codes()).toEqual([])
  })

  it('go to found/ and are told while the index is its own, and --rebuild brings them back', async () => {
    await vault.bucket('plain')
    await vault.put('plain', 'known', LARGE)
    const donor = mkdtempSync(join(tmpdir(), 'coffer-donor-'))
    const other = await startLocalServer({ dataDir: donor, rootKey: vault.rootKey })
    await vault.kept.bucket(other, 'other')
    await vault.kept.put(other, 'other', 'stray', randomBytes(LARGE))
    await other.close()
    const [stray = ''] = readdirSync(donor, { recursive: true, encoding: 'utf8' }).filter((name) =>
      /[0-9a-f]{32}$/.test(name),
    )
    await vault.restartAfter(() => cpSync(join(donor, stray), vault.file(stray)))
    rmSync(donor, { recursive: true })
    expect(vault.server.notices).toEqual([
      { code: 'CONTENT_FOUND', message: expect.stringMatching(/1 content file .*coffer up --rebuild/) as string },
    ])
    expect(readdirSync(vault.file('found'))).toEqual([stray.slice(-32)])
    await vault.restartAfter(() => undefined)
    expect(vault.codes()).toEqual(['CONTENT_FOUND'])
    await vault.restartAfter(() => undefined, { rebuild: true })
    expect(await vault.failures()).toEqual([])
    await vault.restartAfter(() => undefined)
    expect(vault.codes()).toEqual([])
    expect(await vault.failures()).toEqual([])
  })

  it('that no key of this vault opens stay in found/left', async () => {
    await vault.restartAfter(() => cpSync(import.meta.filename, vault.file('objects', 'ab', `ab${'0'.repeat(30)}`)))
    expect(vault.codes()).toEqual(['CONTENT_FOUND'])
    await vault.restartAfter(() => undefined, { rebuild: true })
    expect(readdirSync(vault.file('found', 'left'))).toEqual([`ab${'0'.repeat(30)}`])
    await vault.restartAfter(() => undefined)
    expect(vault.codes()).toEqual([])
  })
})

it('what was deleted for good does not come back', async () => {
  await vault.bucket('plain')
  for (const key of ['gone', 'stays']) await vault.put('plain', key, LARGE)
  await vault.server.s3.send(new DeleteObjectCommand({ Bucket: 'plain', Key: 'gone' }))
  for (const rebuild of [false, true]) {
    await vault.restartAfter(() => vault.removeIndex(), { rebuild })
    expect(await vault.listed('plain')).toEqual(['stays'])
  }
})

it('a folder of a version without a log gets one, and its index can be lost from then on', async () => {
  await vault.bucket('plain')
  await vault.put('plain', 'small', 500, { ServerSideEncryption: 'aws:kms' })
  await vault.put('plain', 'large', LARGE)
  const before = await vault.described()
  await vault.restartAfter(() => {
    vault.removeLog()
    const sql = new DatabaseSync(vault.file('s3.db'))
    for (const table of ['log_state', 'manifests', 'removals']) sql.exec(`DROP TABLE ${table}`)
    sql.exec('PRAGMA user_version = 1')
    sql.close()
  })
  expect(vault.codes()).toEqual([])
  for (const step of [() => undefined, () => vault.removeIndex()]) {
    await vault.restartAfter(step)
    expect(await vault.described()).toEqual(before)
    expect(await vault.failures()).toEqual([])
  }
})

it('what a killed server was about to write is removed', async () => {
  const staged = ['kms.backup.new', 'principals.backup.new', 'run.json.new', 's3.db.new', 's3.db.new-wal']
  await vault.restartAfter(() => {
    for (const name of [...staged, 'objects/log/7.snapshot.new']) cpSync(vault.file('kms.backup'), vault.file(name))
  })
  const names = readdirSync(vault.dataDir, { recursive: true, encoding: 'utf8' })
  expect(names.filter((name) => name.includes('.new') && !name.startsWith('run.json'))).toEqual([])
})

it('a copy that was made while no server ran opens as it is', async () => {
  await vault.fill()
  const before = await vault.described()
  await vault.restartAfter(() => {
    cpSync(vault.dataDir, `${vault.dataDir}-copy`, { recursive: true })
    rmSync(vault.dataDir, { recursive: true })
    renameSync(`${vault.dataDir}-copy`, vault.dataDir)
  })
  expect(vault.codes()).toEqual([])
  expect(await vault.described()).toEqual(before)
  expect(readdirSync(vault.dataDir)).not.toContain('found')
})

it('a log that is damaged is told, and loses what is in the damaged part alone', async () => {
  await vault.bucket('plain')
  for (let number = 0; number < 30; number++) await vault.put('plain', `small ${String(number)}`, 5000)
  await vault.put('plain', 'large', LARGE)
  await vault.restartAfter(() => {
    vault.removeIndex()
    const [name = ''] = readdirSync(vault.file('objects', 'log'))
    scribble(join('objects', 'log', name))
  })
  expect(vault.server.notices).toEqual([
    { code: 'INDEX_REBUILT', message: expect.stringContaining('log was damaged') as string },
  ])
  const failed = (await vault.failures()).map((text) => text.replace(/:.*/s, ''))
  expect(failed.length).toBeGreaterThan(0)
  expect(failed.length).toBeLessThan(10)
  for (const name of failed) vault.kept.bytes.delete(name)
  await vault.put('plain', 'afterwards', 5000)
  await vault.restartAfter(() => vault.removeIndex())
  expect(vault.server.notices).toEqual([
    { code: 'INDEX_REBUILT', message: expect.not.stringContaining('damaged') as string },
  ])
  expect(await vault.failures()).toEqual([])
})

it('a folder without its root key check is not opened with another root key', async () => {
  await vault.bucket('plain')
  await vault.stop()
  rmSync(vault.file('root-key.check'))
  await expect(startLocalServer({ dataDir: vault.dataDir, rootKey: randomBytes(32) })).rejects.toThrow(/root key/)
  await vault.start()
  expect(await vault.listed('plain')).toEqual([])
})
