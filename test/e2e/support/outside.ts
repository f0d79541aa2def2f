import { GetObjectCommand, ListMultipartUploadsCommand, ListObjectsV2Command, type S3Client } from '@aws-sdk/client-s3'
import { createHash } from 'node:crypto'
import { resolve } from 'node:path'
import { awsEnv } from '../../support/computer.ts'
import { succeed } from '../../support/run.ts'
import { awsClients } from '../../support/servers.ts'
import { thisComputer, type OpenWindow } from './window.ts'

/** A bucket as AWS's own client sees it, past Coffer. */
export interface Bucket {
  s3: S3Client
  names(): Promise<string[]>
  /** Names and contents, as text. */
  contents(): Promise<Record<string, string>>
  sha256(key: string): Promise<string>
  digest(bytes: Buffer): string
  /** Names of uploads that have begun and not ended. */
  uploads(): Promise<string[]>
}

/** A bucket of This computer, which the window has started, seen by another person who may use it. */
export async function bucketOf(window: OpenWindow, name = 'vault'): Promise<Bucket> {
  const server = await thisComputer(window.home)
  if (server === null) throw new Error('This computer does not run')
  const { accessKeyId, secretAccessKey } = await addPrincipal(window.home)
  return bucketAt(awsEnv(server.endpoint, server.endpoint, 'us-east-1', accessKeyId, secretAccessKey), name)
}

/** Somebody else who may use This computer. */
export async function addPrincipal(home: string): Promise<{ accessKeyId: string; secretAccessKey: string }> {
  const args = [resolve('dist/cli.js'), 'principal', 'add', `witness-${Date.now()}`, '--json']
  const added = await succeed(process.execPath, args, { env: { COFFER_HOME: home } })
  return JSON.parse(added) as { accessKeyId: string; secretAccessKey: string }
}

export function bucketAt(env: Record<string, string>, name: string): Bucket {
  const { s3 } = awsClients(env)
  const read = async (Key: string): Promise<Buffer> => {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: name, Key }))
    return Buffer.from((await Body?.transformToByteArray()) ?? [])
  }
  const digest = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')
  const names = async (): Promise<string[]> => {
    const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: name }))
    return Contents.map(({ Key = '' }) => Key)
  }
  return {
    s3,
    names,
    digest,
    async contents() {
      const found: Record<string, string> = {}
      for (const key of await names()) found[key] = (await read(key)).toString()
      return found
    },
    sha256: async (key) => digest(await read(key)),
    async uploads() {
      const { Uploads = [] } = await s3.send(new ListMultipartUploadsCommand({ Bucket: name }))
      return Uploads.map(({ Key = '' }) => Key)
    },
  }
}

/**
 * Whether moto refuses keys that it does not know (its documentation, "IAM-like Access Control"). It takes every key
 * otherwise; which of its own are right it cannot be asked, as it checks signatures over other headers than were signed.
 */
export async function refuseUnknownKeys(endpoint: string, strict: boolean): Promise<void> {
  await fetch(`${endpoint}/moto-api/reset-auth`, { method: 'POST', body: strict ? '0' : 'inf' })
}
