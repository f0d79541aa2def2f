import { DatabaseSync } from 'node:sqlite'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { openCatalog, type CatalogEntry } from '../../../electron/store/catalog.ts'
import { openDatabase } from '../../../electron/store/database.ts'
import { openRekeyRuns } from '../../../electron/store/rekey-runs.ts'
import { openUploads } from '../../../electron/store/uploads.ts'
import { testFolder } from './folder.ts'

/* A process that is killed at any moment leaves what another one reads: `done` in the journal and the object in the catalog, or neither. */

const NAME = { bucket: 'b', key: 'k' }
const ENTRY: CatalogEntry = {
  place: 'p',
  ...NAME,
  etag: 'new',
  size: 1,
  mode: 'sse-s3',
  keyId: undefined,
  format: undefined,
}

/** A home, and what another process reads of its database. */
function stage() {
  const home = testFolder()
  const db = openDatabase(home)
  const other = new DatabaseSync(join(home, 'coffer.db'), { readOnly: true })
  onTestFinished(() => {
    other.close()
    db.close()
  })
  const etag = (): unknown => other.prepare("SELECT etag FROM catalog WHERE key = 'k'").get()?.['etag']
  return { home, db, other, etag }
}

test('a re-key that is done is so in journal and catalog', () => {
  const { home, db, other, etag } = stage()
  const catalog = openCatalog(db)
  using run = openRekeyRuns(db, home).begin({
    place: 'p',
    ...NAME,
    under: undefined,
    mode: 'sse-s3',
    to: {},
  })
  const state = (): unknown => other.prepare('SELECT state FROM rekey_items').get()?.['state']
  run.start(NAME)
  catalog.stored(ENTRY, 0)
  expect([state(), etag()]).toEqual(['started', undefined])
  run.done(NAME, 'new')
  expect([state(), etag()]).toEqual(['done', 'new'])
})

test('an upload that is done leaves the journal as its object enters the catalog', () => {
  const { home, db, other, etag } = stage()
  const catalog = openCatalog(db)
  using uploads = openUploads(db, home)
  const held = uploads.begin({
    place: 'p',
    ...NAME,
    path: '/file',
    mode: 'sse-s3',
    options: {},
    size: 1,
    mtimeNs: 1n,
    inode: 1n,
    format: undefined,
    keyId: undefined,
    metadata: {},
  })
  const left = (): unknown => other.prepare('SELECT count(*) AS n FROM uploads').get()?.['n']
  catalog.stored(ENTRY, 0)
  expect([left(), etag()]).toEqual([1, undefined])
  held.drop()
  expect([left(), etag()]).toEqual([0, 'new'])
  held[Symbol.dispose]()
})
