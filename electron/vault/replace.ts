import { randomBytes } from 'node:crypto'
import { DeleteObjectCommand, GetBucketVersioningCommand, HeadObjectCommand } from '@aws-sdk/client-s3'
import { CofferError, isCofferError, type ErrorCode } from '../base/errors.ts'
import { send } from '../cloud/send.ts'
import type { StoredFacts, WritePlan } from '../modes/mode.ts'
import { copyObject } from '../transfers/copy.ts'
import type { Stored } from '../transfers/fetch-range.ts'
import type { Condition } from '../transfers/object.ts'
import type { OwnProperties } from './own-properties.ts'
import type { RekeyWatch, Vault } from './vault.ts'

/** Where new content is written, and under which condition. */
export interface Landing {
  key: string
  condition: Condition
}

interface Replacement {
  /** What is there now. */
  old: Stored
  plan: WritePlan
  own: OwnProperties
  write: (landing: Landing) => Promise<StoredFacts>
  /** Reads what was written as anyone will read it later; throws if it is not what it must be. */
  prove: (landingKey: string) => Promise<void>
}

/**
 * Puts new content in an object's place and never loses the old: at every moment, a complete and readable version is there.
 *
 * In a versioned bucket the new version is written over the old one, which S3 keeps; if it does not prove itself it is
 * deleted, and the old one is the current one again. Elsewhere a write to the same key destroys the old content at once,
 * and a checksum of what was sent does not show that it can be opened again (a KMS key may allow encryption and deny
 * decryption). So there the new content is written beside the old, proven, and only then copied over it within S3, which
 * replaces an object at one moment. Both ways the last write is conditional: someone else's newer object stays.
 */
export async function replaceSafely(vault: Vault, replacement: Replacement, watch: RekeyWatch): Promise<StoredFacts> {
  const { bucket } = replacement.old
  return (await isVersioned(vault, bucket, watch.signal))
    ? replaceVersion(vault, replacement)
    : replaceBeside(vault, replacement, watch)
}

/** True for a key under which a re-key writes new content beside the old; a cut-off one may have left it. */
export function isBeside(key: string): boolean {
  return /\.coffer-[0-9a-f]{16}\.part$/.test(key)
}

/** A bucket that does not tell is treated as one that keeps nothing. */
async function isVersioned({ s3 }: Vault, bucket: string, signal: AbortSignal): Promise<boolean> {
  try {
    const { Status } = await send(s3, new GetBucketVersioningCommand({ Bucket: bucket }), signal)
    return Status === 'Enabled'
  } catch (error) {
    if (isCofferError(error, 'CANCELLED')) throw error
    return false
  }
}

async function replaceVersion(vault: Vault, { old, write, prove }: Replacement): Promise<StoredFacts> {
  const stored = await write({ key: old.key, condition: { IfMatch: old.etag } })
  try {
    await prove(old.key)
    return stored
  } catch (error) {
    if (stored.versionId !== undefined) await discard(vault, old.bucket, old.key, stored.versionId)
    throw error
  }
}

async function replaceBeside(
  vault: Vault,
  { old, plan, own, write, prove }: Replacement,
  { signal, trace }: RekeyWatch,
): Promise<StoredFacts> {
  const beside = `${old.key}.coffer-${randomBytes(8).toString('hex')}.part`
  trace?.beside(beside)
  try {
    const written = await write({ key: beside, condition: { IfNoneMatch: '*' } })
    await prove(beside)
    const { bytes, etag } = written
    await stillThere(vault, old, signal)
    return await copyObject(
      vault.s3,
      {
        source: { ...old, key: beside, versionId: undefined, etag, size: bytes, customerKey: plan.customerKey },
        bucket: old.bucket,
        key: old.key,
        plan,
        metadata: { ...own.metadata, ...plan.metadata },
        headers: own.headers,
        tags: own.tags,
        condition: { IfMatch: old.etag },
        created: ({ uploadId }) => {
          trace?.uploadOpened(uploadId)
          return Promise.resolve()
        },
      },
      signal,
    )
  } finally {
    if (await discard(vault, old.bucket, beside, undefined)) trace?.besideGone()
    vault.catalog.gone(vault.place, old.bucket, beside)
  }
}

/** How a server answers for an object that is gone, or is another one under another key. */
const NOT_THE_SAME: ErrorCode[] = ['OBJECT_NOT_FOUND', 'CUSTOMER_KEY_NEEDED', 'KEY_WRONG']

/** Servers exist that overlook `If-Match` on a copy; asked just before, they overwrite somebody's newer object less easily. */
async function stillThere({ s3 }: Vault, old: Stored, signal: AbortSignal): Promise<void> {
  const { bucket, key, etag, customerKey } = old
  const now = await send(s3, new HeadObjectCommand({ Bucket: bucket, Key: key, ...customerKey }), signal).catch(
    (error: unknown) => {
      if (NOT_THE_SAME.some((code) => isCofferError(error, code))) return null
      throw error
    },
  )
  if (now?.ETag !== etag) {
    throw new CofferError('CHANGED_WHILE_READ', `s3://${bucket}/${key} was replaced while it was re-keyed.`, {
      hint: 'What is there now was left as it is. Re-key it again.',
    })
  }
}

const DISCARD_MS = 15_000

/** Best effort, and not stopped by what stopped the rest. False if it may still be there. */
async function discard({ s3 }: Vault, bucket: string, key: string, versionId: string | undefined): Promise<boolean> {
  const command = new DeleteObjectCommand({ Bucket: bucket, Key: key, VersionId: versionId })
  return send(s3, command, AbortSignal.timeout(DISCARD_MS)).then(
    () => true,
    () => false,
  )
}
