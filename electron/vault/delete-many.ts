import { DeleteObjectCommand, DeleteObjectsCommand } from '@aws-sdk/client-s3'
import { CofferError } from '../base/errors.ts'
import { describeItemFailure } from '../cloud/failure.ts'
import { send } from '../cloud/send.ts'
import { backOff, isPassing } from '../transfers/backoff.ts'
import { saysChecksums } from '../transfers/checksum.ts'
import { taskGroup } from '../transfers/group.ts'
import { isOfPlace } from './place-failure.ts'
import type { Vault } from './vault.ts'

/** S3's limit for one DeleteObjects. */
const BATCH = 1_000
const CONCURRENCY = 8

/** How often what S3 could not delete just now is sent once more. */
const MOST_REPEATS = 6

/** An object, or one version or delete marker of it. */
interface Name {
  key: string
  versionId?: string | undefined
}

interface Deletion {
  bucket: string
  names: Name[]
  /** Told of what is gone, as it goes. */
  ondeleted?: (keys: string[]) => void
}

/** The keys of which something could not be deleted, and why. */
type Kept = Map<string, CofferError>

/**
 * Deletes what is named, a thousand at a time where the server can; what is not there is done already. What one key is
 * refused keeps no other from going. Resolves with the keys of which something could not be deleted, and why. Throws
 * CANCELLED, and what `send` throws for a whole batch.
 */
export async function deleteMany(vault: Vault, deletion: Deletion, signal: AbortSignal): Promise<Kept> {
  // DeleteObjects always carries one of the newer checksums, which older servers refuse: there each key goes by itself.
  if (deletion.names.length === 1 || !(await saysChecksums(vault.s3))) return oneByOne(vault, deletion, signal)
  const kept: Kept = new Map()
  const { inXml, alone } = Object.groupBy(deletion.names, ({ key }) => (BEYOND_XML.test(key) ? 'alone' : 'inXml'))
  for (let at = 0; at < (inXml?.length ?? 0); at += BATCH) {
    const names = inXml?.slice(at, at + BATCH) ?? []
    for (const [key, failure] of await batch(vault, { ...deletion, names }, signal)) kept.set(key, failure)
  }
  for (const [key, failure] of await oneByOne(vault, { ...deletion, names: alone ?? [] }, signal))
    kept.set(key, failure)
  return kept
}

/** XML 1.0 cannot carry these, or a reader of XML may change them (W3C, "Extensible Markup Language", 2.2 and 2.11). */
// eslint-disable-next-line no-control-regex -- Control characters are what it is about.
const BEYOND_XML = /[\x00-\x1f\ufffe\uffff]/

async function oneByOne(vault: Vault, { bucket, names, ondeleted }: Deletion, signal: AbortSignal): Promise<Kept> {
  const kept: Kept = new Map()
  let whole: CofferError | undefined
  const deleteOne = async ({ key, versionId }: Name, stop: AbortSignal): Promise<void> => {
    if (whole !== undefined) {
      kept.set(key, whole)
      return
    }
    try {
      await send(vault.s3, new DeleteObjectCommand({ Bucket: bucket, Key: key, VersionId: versionId }), stop)
      ondeleted?.([key])
    } catch (error) {
      if (!(error instanceof CofferError) || error.code === 'CANCELLED') throw error
      if (isOfPlace(error)) whole = error
      kept.set(key, error)
    }
  }
  const group = taskGroup(CONCURRENCY, signal)
  try {
    for (const name of names) await group.start((stop) => deleteOne(name, stop))
  } catch (error) {
    await group.stop(error)
  }
  await group.join()
  return kept
}

/** What S3 could not do just now (SlowDown, InternalError) it says key by key, in an answer with status 200. */
async function batch(vault: Vault, deletion: Deletion, signal: AbortSignal): Promise<Kept> {
  const kept: Kept = new Map()
  let names = deletion.names
  for (let repeat = 1; names.length > 0; repeat++) {
    const refused = await batchOnce(vault, { ...deletion, names }, signal)
    const again = names.filter(({ key }) => isPassing(refused.get(key)))
    const isLast = repeat > MOST_REPEATS
    for (const [key, failure] of refused) if (isLast || !isPassing(failure)) kept.set(key, failure)
    if (isLast || again.length === 0) break
    names = again
    await backOff(repeat, signal)
  }
  return kept
}

async function batchOnce(vault: Vault, deletion: Deletion, signal: AbortSignal): Promise<Kept> {
  const { bucket, names, ondeleted } = deletion
  const Objects = names.map(({ key, versionId }) => ({ Key: key, VersionId: versionId }))
  const command = new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects, Quiet: true } })
  const { Errors = [] } = await send(vault.s3, command, signal)
  const asked = new Set(names.map(({ key }) => key))
  // An error of a key that nobody has named: which of them is meant cannot be told.
  if (Errors.some(({ Key = '' }) => !asked.has(Key))) return oneByOne(vault, deletion, signal)
  const refused: Kept = new Map(
    Errors.map(({ Key = '', VersionId, ...error }) => [
      Key,
      describeItemFailure(error, {
        service: 'S3',
        operation: VersionId === undefined ? 'DeleteObject' : 'DeleteObjectVersion',
        input: { Bucket: bucket, Key, VersionId },
      }),
    ]),
  )
  ondeleted?.(names.flatMap(({ key }) => (refused.has(key) ? [] : [key])))
  return refused
}
