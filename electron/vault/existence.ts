import { GetObjectCommand, ListObjectsV2Command } from '@aws-sdk/client-s3'
import { CofferError, isCofferError } from '../base/errors.ts'
import { keepsIfNoneMatch } from '../cloud/behaviour.ts'
import { dropBody } from '../cloud/body.ts'
import { send, throwIfAborted } from '../cloud/send.ts'
import { headObject } from '../cloud/wire/wire.ts'
import { isPassing } from '../transfers/backoff.ts'
import { keepsConditions } from '../transfers/conditions.ts'
import { partSize } from '../transfers/parts.ts'
import { isOfPlace } from './place-failure.ts'
import type { Vault } from './vault.ts'

interface Which {
  bucket: string
  key: string
}

/** Whether an object is there; `unknown` with what the server says instead of an answer. */
type Existence = { state: 'free' } | { state: 'taken' } | { state: 'unknown'; reason: CofferError }

/**
 * Throws ALREADY_EXISTS if the key of a file of so many bytes is taken, as early as that can be asked. `If-None-Match` tells
 * only at the very end: too late to find out about a large file. And there are servers that do not know it and would
 * overwrite. So a large file is asked for first, and a small one, too, on a server that has not been seen to keep the
 * condition; there, a key is written to only if it has been shown to be free. Throws ACCESS_DENIED and the like, in the
 * server's words, where that cannot be shown.
 */
export async function refuseTaken(vault: Vault, which: Which, size: number, signal: AbortSignal): Promise<void> {
  const isLarge = size > partSize(size)
  if (isLarge || !isKeptFromOverwriting(vault, 'put'))
    await requireFree(vault, which, isLarge ? 'multipart' : 'put', signal)
}

/** True if the server is known to refuse to overwrite under `If-None-Match: *`. */
function isKeptFromOverwriting({ server, s3 }: Vault, way: 'put' | 'multipart'): boolean {
  return keepsIfNoneMatch(server, way) ?? (way === 'put' && keepsConditions(s3))
}

/** Throws ALREADY_EXISTS if the key is taken and, where nothing else keeps it from being overwritten, if that cannot be told. */
export async function requireFree(
  vault: Vault,
  which: Which,
  way: 'put' | 'multipart',
  signal: AbortSignal,
): Promise<void> {
  const isKept = isKeptFromOverwriting(vault, way)
  const found = await existenceOf(vault, which, isKept, signal)
  const name = `s3://${which.bucket}/${which.key}`
  if (found.state === 'taken') throw new CofferError('ALREADY_EXISTS', `${name} exists already.`)
  if (found.state === 'free' || isKept) return
  if (isOfPlace(found.reason)) throw found.reason
  const { code, message, facts } = found.reason
  throw new CofferError(code, `Whether ${name} exists already cannot be told: ${message}`, {
    hint: 'It was not written, lest it replace another file. To replace whatever may be there: --overwrite.',
    facts,
  })
}

/**
 * HEAD tells, as a rule. Where it is refused, the first byte of the object may be there to be read, or the bucket to be
 * listed; a refusal of these comes with a reason, which that of HEAD does not.
 */
async function existenceOf(vault: Vault, which: Which, isEnough: boolean, signal: AbortSignal): Promise<Existence> {
  const head = await headed(vault, which, signal)
  if (head.state !== 'unknown' || isEnough) return head
  // The reason for a refusal of HEAD was asked for in the same way.
  const isRead = head.reason.facts.operation === 'GetObject'
  const read = isRead ? head : await firstByte(vault, which, signal)
  if (read.state !== 'unknown') return read
  return (await listedAlone(vault, which, signal)) ?? read
}

async function headed({ s3 }: Vault, { bucket, key }: Which, signal: AbortSignal): Promise<Existence> {
  try {
    const { ETag } = await headObject(s3, { Bucket: bucket, Key: key }, signal)
    // A network that wants its terms accepted first answers 200 to everything; S3 names the ETag.
    if (ETag !== undefined) return { state: 'taken' }
    return { state: 'unknown', reason: new CofferError('SERVER', 'What answered is not S3: it did not name the ETag.') }
  } catch (error) {
    return fromRefusal(error, signal)
  }
}

async function firstByte({ s3 }: Vault, { bucket, key }: Which, signal: AbortSignal): Promise<Existence> {
  try {
    const { Body } = await send(s3, new GetObjectCommand({ Bucket: bucket, Key: key, Range: 'bytes=0-0' }), signal)
    if (Body !== undefined) dropBody(Body)
    return { state: 'taken' }
  } catch (error) {
    return fromRefusal(error, signal)
  }
}

/** Null: the bucket may not be listed. */
async function listedAlone({ s3 }: Vault, { bucket, key }: Which, signal: AbortSignal): Promise<Existence | null> {
  try {
    const command = new ListObjectsV2Command({ Bucket: bucket, Prefix: key, MaxKeys: 1 })
    const { Contents = [], Name } = await send(s3, command, signal)
    if (Name === undefined) return null
    // Of all keys that begin with it, it is the first itself.
    return { state: Contents.some(({ Key }) => Key === key) ? 'taken' : 'free' }
  } catch {
    throwIfAborted(signal)
    return null
  }
}

/** Archived, or without a first byte: it is there all the same. */
const THERE = new Set(['InvalidObjectState', 'InvalidRange'])

function fromRefusal(error: unknown, signal: AbortSignal): Existence {
  throwIfAborted(signal)
  if (!isCofferError(error)) throw error
  if (error.code === 'OBJECT_NOT_FOUND') return { state: 'free' }
  if (error.code === 'CUSTOMER_KEY_NEEDED' || THERE.has(error.facts.awsCode ?? '')) return { state: 'taken' }
  if (isPassing(error) || error.code === 'BUCKET_NOT_FOUND') throw error
  return { state: 'unknown', reason: error }
}
