import { mkdtemp, readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CreateKeyCommand } from '@aws-sdk/client-kms'
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3'
import type { ModeId } from '../../electron/base/mode-names.ts'
import { behaviourOf } from '../../electron/cloud/behaviour.ts'
import { openClients } from '../../electron/cloud/clients.ts'
import type { Connection } from '../../electron/cloud/connection.ts'
import type { ModeOptions } from '../../electron/modes/mode.ts'
import { openCatalog } from '../../electron/store/catalog.ts'
import { openUploads } from '../../electron/store/uploads.ts'
import { openDatabase } from '../../electron/store/database.ts'
import { get } from '../../electron/vault/get.ts'
import { put } from '../../electron/vault/put.ts'
import type { PutResult, Vault } from '../../electron/vault/vault.ts'
import { verify } from '../../electron/vault/verify.ts'
import { testKeyRing, type TestKeyRing } from '../support/keyring.ts'
import { connectionTo, startLocalCloud } from '../support/localcloud.ts'
import { BELIEVED, startMoto } from '../support/moto.ts'
import { hostileProxy, type HostileProxy } from './hostile-proxy.ts'

const BUCKET = 'tamper'
const OLD_FILE = 'an older file'
const watch = { signal: new AbortController().signal }

/** An object as it lies in a bucket, with the instruction file beside it if it has one. */
export interface Sealed {
  body: Buffer
  metadata: Record<string, string>
  instruction?: Buffer | undefined
}

/** The real vault before a real server, with a liar in between that can be told what to say. */
export interface Lab {
  vault: Vault & { keys: TestKeyRing }
  proxy: HostileProxy
  /** The server's own door, past the liar. */
  s3: S3Client
  kmsKey: string
  otherKmsKey: string
  /** Keys beside which an instruction file lies. */
  beside: Set<string>
  /** Drops the envelopes that the catalog keeps, so that an object is read by what the server says of it alone. */
  forgetEnvelopes(): void
  /** This computer's folder; undefined at moto. */
  dataDir: string | undefined
  close(): Promise<void>
}

export async function openLab(name: 'This computer' | 'moto'): Promise<Lab> {
  const server = name === 'moto' ? await startMoto() : await thisComputer()
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'coffer-tamper-')))
  const proxy = await hostileProxy(server.connection.endpoint ?? '')
  const db = openDatabase(folder)
  const uploads = openUploads(db, folder)
  const clients = openClients({ ...server.connection, endpoint: proxy.endpoint, kmsEndpoint: proxy.endpoint })
  const direct = openClients(server.connection)
  await direct.s3.send(new CreateBucketCommand({ Bucket: BUCKET }))
  const catalog = openCatalog(db)
  const newKey = async () => (await direct.kms.send(new CreateKeyCommand({}))).KeyMetadata?.Arn ?? ''
  return {
    vault: {
      place: 'lab',
      makesBuckets: false,
      server: behaviourOf({ endpoint: proxy.endpoint }, name === 'This computer', BELIEVED),
      s3: clients.s3,
      kms: clients.kms,
      keys: testKeyRing(),
      catalog,
      uploads,
    },
    proxy,
    s3: direct.s3,
    kmsKey: await newKey(),
    otherKmsKey: await newKey(),
    beside: new Set(),
    forgetEnvelopes() {
      // What is still to be written down, `forgetPlace` writes first.
      catalog.forgetPlace('no such place')
      db.exec('UPDATE catalog SET envelope = NULL')
    },
    dataDir: 'dataDir' in server ? server.dataDir : undefined,
    async close() {
      clients.close()
      direct.close()
      uploads[Symbol.dispose]()
      db.close()
      await proxy.close()
      await server.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function thisComputer(): Promise<{ connection: Connection; dataDir: string; stop: () => Promise<unknown> }> {
  const cloud = await startLocalCloud()
  const connection = connectionTo(cloud)
  return { connection, dataDir: cloud.dataDir, stop: () => cloud.stop() }
}

/** Puts content as Coffer does, with a date. */
export function putContent(
  lab: Lab,
  key: string,
  content: Buffer,
  mode: ModeId,
  options: ModeOptions,
): Promise<PutResult> {
  const source = {
    size: content.length,
    mtimeMs: 1_234_567_890_500,
    fileMode: 0o640,
    async *read() {
      yield await Promise.resolve(content)
    },
  }
  return put(lab.vault, { source, bucket: BUCKET, key, mode, options, overwrite: 'replace' }, watch)
}

/** What lies in the bucket under a key. */
export async function fetchSealed({ s3 }: Lab, key: string): Promise<Sealed> {
  const { Body, Metadata = {} } = await s3.send(new GetObjectCommand({ Bucket: BUCKET, Key: key }))
  return { body: Buffer.from((await Body?.transformToByteArray()) ?? []), metadata: Metadata }
}

/** Puts it there as whoever may write the bucket can. */
export async function plant({ s3, beside }: Lab, key: string, { body, metadata, instruction }: Sealed): Promise<void> {
  await s3.send(new PutObjectCommand({ Bucket: BUCKET, Key: key, Body: body, Metadata: metadata }))
  const file = { Bucket: BUCKET, Key: `${key}.instruction` }
  if (instruction !== undefined) {
    await s3.send(new PutObjectCommand({ ...file, Body: instruction }))
    beside.add(key)
  } else if (beside.delete(key)) await s3.send(new DeleteObjectCommand(file))
}

/** What became of two attempts to read one object: over an older file, and to a fresh path or to nowhere. */
export interface Attempt {
  /** What each was rejected with; undefined where it was not. */
  errors: unknown[]
  /** What stands at the destination, where nothing was thrown. */
  content: Buffer | undefined
  /** Everything that is wrong on the disk after a failure; empty if nothing is. */
  traces: string[]
}

let attempts = 0

/** Reads an object as Coffer can, and looks at what is on the disk afterwards. */
export async function attempt({ vault }: Lab, key: string, options: ModeOptions): Promise<Attempt> {
  const folder = await mkdtemp(join(tmpdir(), 'coffer-into-'))
  const [existing, fresh] = [join(folder, 'existing'), join(folder, 'fresh')]
  const object = { bucket: BUCKET, key, options }
  const second = () =>
    attempts++ % 2 === 0
      ? get(vault, { ...object, path: fresh, overwrite: 'refuse' }, watch)
      : verify(vault, object, watch)
  try {
    await writeFile(existing, OLD_FILE)
    const replaced = await rejection(get(vault, { ...object, path: existing, overwrite: 'replace' }, watch))
    const other = await rejection(second())
    const old = await readFile(existing)
    const left = (await readdir(folder)).filter((name) => name !== 'existing')
    const traces = [
      ...(replaced !== undefined && old.toString() !== OLD_FILE ? ['the older file was changed'] : []),
      ...left.filter((name) => other !== undefined || name !== 'fresh').map((name) => `${name} was left`),
    ]
    return { errors: [replaced, other], content: replaced === undefined ? old : undefined, traces }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error ?? new Error('rejected with nothing'),
  )
}
