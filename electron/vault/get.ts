import { resolve } from 'node:path'
import { isCofferError } from '../base/errors.ts'
import { detect } from '../modes/detect.ts'
import type { KeptDownload } from '../store/downloads.ts'
import { passing, refuseIfTaken, writeDestination, type Temporary } from '../transfers/destination.ts'
import { requireInside } from '../transfers/inside.ts'
import { RANGE } from '../transfers/download.ts'
import type { Draft } from '../transfers/draft.ts'
import { checkpoints } from './checkpoints.ts'
import { fileTimes } from './file-metadata.ts'
import { lookAndFetch, type Fetched } from './fetch-small.ts'
import { look, type Looked } from './look.ts'
import { conclude, openLooked, readThrough, type ReadDone, type Reading } from './reading.ts'
import type { GetRequest, GetResult, Vault, Watch } from './vault.ts'

/**
 * Brings one object back as a file: into a temporary beside its path, checked, and only then into place. On a failure, and on
 * an abort, nothing is at the path that was not there before. A large object that is cut off by a crash, a pause or the
 * network goes on where it stood when the same get is repeated; if what it finds is not as it was left, it starts over.
 * Throws ALREADY_EXISTS, OBJECT_NOT_FOUND, BUCKET_NOT_FOUND, KEY_*, KMS_*, INTEGRITY, TRUNCATED, COMMITMENT_MISMATCH,
 * ENVELOPE_INVALID, SEAL_MISSING, LEGACY_NOT_ALLOWED, CHANGED_WHILE_READ, DISK_FULL, LOCAL_IO, PAUSED, CANCELLED, and
 * failures of the network.
 */
export async function get(vault: Vault, request: GetRequest, watch: Watch): Promise<GetResult> {
  const started = performance.now()
  const { path, root, overwrite } = request
  if (root !== undefined) await requireInside(root, path)
  if (overwrite === 'refuse') await refuseIfTaken(path)
  const isSmall = (request.size ?? 0) > 0 && (request.size ?? 0) <= RANGE
  const looked = await (isSmall ? lookAndFetch : look)(vault, request, watch.signal)
  const result = await getLooked(vault, request, looked, watch)
  return { ...result, seconds: (performance.now() - started) / 1_000 }
}

type Got = Omit<GetResult, 'seconds'>

async function getLooked(vault: Vault, request: GetRequest, looked: Looked | Fetched, watch: Watch): Promise<Got> {
  const kept = keep(vault, request, looked)
  if (kept === null) return getWhole(vault, request, looked, watch)
  try {
    return await getKept(vault, request, looked, kept, watch)
  } catch (error) {
    if (kept.done === 0 || !isCofferError(error, 'INTEGRITY')) throw error
  }
  // The object itself may be sound: only what was here already may not.
  const anew = keep(vault, request, looked)
  return anew === null ? getWhole(vault, request, looked, watch) : getKept(vault, request, looked, anew, watch)
}

/** A download that a repetition can go on with is written down; one of a single range is not worth it. */
function keep(vault: Vault, { path, versionId }: GetRequest, { facts }: Looked): KeptDownload | null {
  const { bucket, key, etag, size } = facts
  if (vault.downloads === undefined || size <= RANGE) return null
  const { mode } = detect(facts)
  return vault.downloads.keep({ path: resolve(path), place: vault.place, bucket, key, versionId, etag, size, mode })
}

async function getWhole(vault: Vault, request: GetRequest, looked: Looked | Fetched, watch: Watch): Promise<Got> {
  const reading = await openLooked(vault, request, looked, watch.signal)
  try {
    const temporary = vault.downloads && passing(await vault.downloads.temporaryFor(resolve(request.path)))
    // What comes in one piece is compared with S3's checksum as it comes; only more needs a question of its own.
    const body = 'body' in looked ? (looked.body ?? undefined) : undefined
    const how = { ...watch, checksum: reading.facts.size > RANGE, body }
    const fill = (draft: Draft): Promise<ReadDone> => readThrough(vault, reading, (bytes) => draft.write(bytes), how)
    return await intoPlace(vault, request, reading, fill, temporary)
  } finally {
    reading.plan.dispose()
  }
}

async function getKept(
  vault: Vault,
  request: GetRequest,
  looked: Looked,
  kept: KeptDownload,
  watch: Watch,
): Promise<Got> {
  let outlives = (error: unknown): boolean =>
    kept.done > 0 && !isCofferError(error, 'CANCELLED') && !isCofferError(error, 'INTEGRITY')
  try {
    const reading = await openLooked(vault, request, looked, watch.signal, kept.done > 0)
    try {
      const marks = checkpoints(kept, lastCheckpoint(reading))
      outlives = (error) => marks.isWorthKeeping(error)
      const fill = (draft: Draft): Promise<ReadDone> => fillKept(vault, reading, { kept, draft, marks }, watch)
      const temporary = { path: kept.temporary, isKept: kept.done > 0, outlives }
      const got = await intoPlace(vault, request, reading, fill, temporary)
      kept.drop()
      return got
    } finally {
      reading.plan.dispose()
    }
  } catch (error) {
    if (outlives(error)) kept.leave()
    else kept.drop()
    throw error
  }
}

/** What proves nothing at its end cannot be begun twice; of the rest, the tag is no plaintext. */
function lastCheckpoint({ plan }: Reading): number {
  return plan.opener === null || plan.authenticated ? plan.plaintextSize : 0
}

async function fillKept(
  vault: Vault,
  reading: Reading,
  { kept, draft, marks }: { kept: KeptDownload; draft: Draft; marks: ReturnType<typeof checkpoints> },
  watch: Watch,
): Promise<ReadDone> {
  const { done, crc } = kept
  const begun = done === 0 ? undefined : { done, crc, plaintext: () => draft.readBack(done) }
  marks.of(draft)
  try {
    return await readThrough(
      vault,
      reading,
      async (bytes, reached) => {
        await draft.write(bytes)
        marks.passed(reached)
      },
      { ...watch, checksum: true, crc: true, begun },
    )
  } catch (error) {
    await marks.fail(error)
    throw error
  } finally {
    await marks.settle()
  }
}

async function intoPlace(
  vault: Vault,
  request: GetRequest,
  reading: Reading,
  fill: (draft: Draft) => Promise<ReadDone>,
  temporary: Temporary | undefined,
): Promise<Got> {
  const { bucket, key, path, root, overwrite } = request
  const { metadata, lastModified } = reading.facts
  const { plaintextSize: size } = reading.plan
  const to = { path, root, overwrite, size, ...fileTimes(metadata, lastModified) }
  const done = await writeDestination(to, fill, temporary)
  return { bucket, key, path, bytes: done.bytes, ...conclude(vault, request, reading, done) }
}
