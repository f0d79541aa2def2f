import { createHash, randomBytes } from 'node:crypto'
import type { KMSClient } from '@aws-sdk/client-kms'
import { GetObjectCommand, PutObjectCommand, type PutObjectCommandInput, type S3Client } from '@aws-sdk/client-s3'
import { send } from '../send.ts'

/** The folder of a test's own objects begins with this; 16 hexadecimal digits and a slash follow. */
export const SCRATCH_PREFIX = '.coffer-test-'

/** Below the test's folder: objects whose names not every server lists as they are. */
export const NAMES_FOLDER = 'names/'

/** Where a test writes, and with what. */
export interface Scratch {
  s3: S3Client
  bucket: string
  /** Ends with `/`. */
  folder: string
  /** Keys that may exist, and uploads that may be open: what the test must remove again. */
  keys: Set<string>
  uploads: Map<string, string>
  signal: AbortSignal
}

export function newScratch(s3: S3Client, bucket: string, signal: AbortSignal): Scratch {
  const folder = `${SCRATCH_PREFIX}${randomBytes(8).toString('hex')}/`
  return { s3, bucket, folder, keys: new Set(), uploads: new Map(), signal }
}

/** An object of the test, to be removed after it. */
export function at(scratch: Scratch, name: string): { Bucket: string; Key: string } {
  const Key = scratch.folder + name
  scratch.keys.add(Key)
  return { Bucket: scratch.bucket, Key }
}

type PutFields = Omit<PutObjectCommandInput, 'Bucket' | 'Key' | 'Body'>

/** Stores a small text. Throws what `send` throws. */
export function putText(scratch: Scratch, name: string, text: string, fields: PutFields = {}) {
  const command = new PutObjectCommand({ ...at(scratch, name), Body: Buffer.from(text), ...fields })
  return send(scratch.s3, command, scratch.signal)
}

/** Reads a small text. Throws what `send` throws. */
export async function readText(
  { s3, signal, ...scratch }: Scratch,
  name: string,
  fields: Omit<ConstructorParameters<typeof GetObjectCommand>[0], 'Bucket' | 'Key'> = {},
): Promise<string> {
  const which = { Bucket: scratch.bucket, Key: scratch.folder + name }
  const { Body } = await send(s3, new GetObjectCommand({ ...which, ...fields }), signal)
  return (await Body?.transformToString()) ?? ''
}

/** `bucket/key` as `x-amz-copy-source` takes it. */
export function sourceOf({ bucket, folder }: Scratch, name: string): string {
  return [bucket, ...(folder + name).split('/')].map(encodeURIComponent).join('/')
}

/** A customer's key that seals nothing but what this test stores and removes again. */
export function throwawayKey(): { SSECustomerAlgorithm: string; SSECustomerKey: string; SSECustomerKeyMD5: string } {
  const key = randomBytes(32)
  return {
    SSECustomerAlgorithm: 'AES256',
    SSECustomerKey: key.toString('base64'),
    SSECustomerKeyMD5: createHash('md5').update(key).digest('base64'),
  }
}

/** What a test of a place needs. */
export interface TestInput {
  s3: S3Client
  kms: KMSClient
  bucket: string
  /** Of foreign servers a KMS is asked only where one was named for the place. */
  kind: 'amazon' | 'this-computer' | 'foreign'
  /** The KMS key for SSE-KMS; undefined: one that the test makes, or the server's own. */
  kmsKey?: string | undefined
}
