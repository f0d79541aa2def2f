import { mkdtemp, readdir, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CreateKeyCommand } from '@aws-sdk/client-kms'
import { CreateBucketCommand, ListMultipartUploadsCommand } from '@aws-sdk/client-s3'
import type { ModeId } from '../../electron/base/mode-names.ts'
import { behaviourOf } from '../../electron/cloud/behaviour.ts'
import { openClients } from '../../electron/cloud/clients.ts'
import type { Clients } from '../../electron/cloud/connection.ts'
import type { ModeOptions } from '../../electron/modes/mode.ts'
import { openCatalog } from '../../electron/store/catalog.ts'
import { openDatabase } from '../../electron/store/database.ts'
import { openDownloads } from '../../electron/store/downloads.ts'
import { openUploads } from '../../electron/store/uploads.ts'
import type { Source, Vault } from '../../electron/vault/vault.ts'
import { testKeyRing, type TestKeyRing } from '../support/keyring.ts'
import { connectionTo, startLocalCloud, type LocalCloud } from '../support/localcloud.ts'

export const BUCKET = 'wire'
export const MODES: readonly [ModeId, ...ModeId[]] = ['sse-s3', 'sse-kms', 'sse-c', 'cse-kms', 'cse-c']

/** A door to the same server and the same keys, at another address. */
export interface Door {
  vault: Vault & { keys: TestKeyRing }
  close(): void
}

/** The real vault before a real server; what lies between them is the test's. */
export interface Lab {
  cloud: LocalCloud
  /** Straight to the server. */
  direct: Door & { clients: Clients }
  /** A folder that ends with the lab. */
  folder: string
  /** The secret halves of what this lab knows: none may ever be told. */
  secrets: Buffer[]
  /** Opens a door at an address in front of the server; silence is taken for death after `patience` ms. */
  door(url: string, patience?: number): Door
  /** The key that a mode wants, as `put` takes it. */
  optionsFor(mode: ModeId): ModeOptions
  close(): Promise<void>
}

export async function openLab(): Promise<Lab> {
  const cloud = await startLocalCloud()
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'coffer-wire-')))
  const db = openDatabase(folder)
  const catalog = openCatalog(db)
  const uploads = openUploads(db, folder)
  const downloads = openDownloads(db, folder)
  const keys = testKeyRing()
  keys.addAes('own', Buffer.alloc(32, 'an AES key of a test'))
  keys.addAes('sent', Buffer.alloc(32, 'another key of a test'), 'sse-c')

  const open = (endpoint: string, patience?: number): Door & { clients: Clients } => {
    const clients = openClients({ ...connectionTo(cloud, { s3: endpoint, kms: endpoint }), patience })
    const { s3, kms } = clients
    return {
      clients,
      vault: {
        place: 'lab',
        makesBuckets: false,
        server: behaviourOf({ endpoint }, true),
        s3,
        kms,
        keys,
        catalog,
        uploads,
        downloads,
      },
      close: () => clients.close(),
    }
  }
  const direct = open(cloud.endpoint)
  await direct.clients.s3.send(new CreateBucketCommand({ Bucket: BUCKET }))
  const { KeyMetadata } = await direct.clients.kms.send(new CreateKeyCommand({}))
  const kmsKey = KeyMetadata?.Arn ?? ''

  return {
    cloud,
    direct,
    folder,
    secrets: [Buffer.alloc(32, 'an AES key of a test'), Buffer.from(cloud.secretAccessKey)],
    door: open,
    optionsFor(mode) {
      if (mode.endsWith('-kms')) return { key: kmsKey }
      return mode === 'sse-c' ? { key: 'sent' } : mode === 'cse-c' ? { key: 'own' } : {}
    },
    async close() {
      direct.close()
      downloads.close()
      uploads[Symbol.dispose]()
      db.close()
      await cloud.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** Content as `put` reads it, in pieces of odd sizes. */
export function sourceOf(content: Buffer): Source {
  return {
    size: content.length,
    mtimeMs: 1_234_567_890_500,
    fileMode: 0o640,
    async *read() {
      for (let at = 0; at < content.length; at += 300_007) {
        await Promise.resolve()
        yield content.subarray(at, at + 300_007)
      }
    },
  }
}

/** Uploads of a key that were begun and neither completed nor aborted. */
export async function uploadsOpen({ direct }: Lab, prefix: string): Promise<string[]> {
  const { Uploads } = await direct.clients.s3.send(new ListMultipartUploadsCommand({ Bucket: BUCKET, Prefix: prefix }))
  return (Uploads ?? []).map(({ Key, UploadId }) => `${Key ?? ''} ${UploadId ?? ''}`)
}

/** Everything in a folder, sorted. */
export async function namesIn(folder: string): Promise<string[]> {
  return (await readdir(folder)).sort()
}
