import { mkdtemp, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openClients } from '../../../electron/cloud/clients.ts'
import { behaviourOf, type TestedBehaviour } from '../../../electron/cloud/behaviour.ts'
import type { Connection } from '../../../electron/cloud/connection.ts'
import { openCustomerKeys, type CustomerKeys } from '../../../electron/keys/customer-keys.ts'
import { openSealedFile } from '../../../electron/keys/sealed-file.ts'
import { openCatalog } from '../../../electron/store/catalog.ts'
import { openDownloads, type Downloads } from '../../../electron/store/downloads.ts'
import { openDatabase } from '../../../electron/store/database.ts'
import { openUploads } from '../../../electron/store/uploads.ts'
import { openKeyTable } from '../../../electron/store/keys.ts'
import { openLastReads, type LastReads } from '../../../electron/vault/last-reads.ts'
import type { Vault } from '../../../electron/vault/vault.ts'

export interface TestVault extends Vault {
  keys: CustomerKeys
  downloads: Downloads
  lastReads: LastReads
  /** A folder for files, removed by `end`. */
  folder: string
  end(): Promise<void>
}

/** A vault on a real server, of which `tested` is known, with real keys in a sealed file and a real catalog. */
export async function openTestVault(
  connection: Connection,
  makesBuckets = false,
  tested?: TestedBehaviour,
): Promise<TestVault> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'coffer-vault-')))
  const db = openDatabase(folder)
  const downloads = openDownloads(db, folder)
  const sealed = openSealedFile(join(folder, 'keys.age'), () => Promise.resolve('a passphrase for tests'), {
    // What scrypt costs a thief, each test would pay for.
    workFactor: 4,
  })
  await sealed.create()
  const clients = openClients(connection)
  const uploads = openUploads(db, folder)
  return {
    place: 'test',
    makesBuckets,
    server: behaviourOf(connection, makesBuckets, tested),
    s3: clients.s3,
    kms: clients.kms,
    keys: openCustomerKeys(openKeyTable(db), () => Promise.resolve(sealed)),
    catalog: openCatalog(db),
    downloads,
    uploads,
    lastReads: openLastReads(),
    folder,
    async end() {
      clients.close()
      downloads.close()
      uploads[Symbol.dispose]()
      db.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
