import { stat } from 'node:fs/promises'
import type { ModeChoice } from '../base/mode-names.ts'
import { isClientSide, usesCustomerKey } from '../base/mode-names.ts'
import { fileMetadata, fileTimes } from './file-metadata.ts'
import { inspect } from './inspect.ts'
import type { GetRequest, GetResult, Inspection, PutRequest, PutResult, Vault } from './vault.ts'

/** Clocks of servers and of this computer differ by less (S3 refuses more than 15 minutes). */
const SKEW_MS = 15 * 60_000

/**
 * What is at a put's key, if an attempt of this run put it there and could not tell: written since the run began, of the
 * file's size and date, in the mode and under the key that were asked for. Null if it is anything else.
 */
export async function recognisePut(
  vault: Vault,
  { source, bucket, key, mode, options }: PutRequest,
  since: Date,
  signal: AbortSignal,
): Promise<PutResult | null> {
  const found = await inspect(
    vault,
    { bucket, key, options: { key: usesCustomerKey(mode) ? options.key : undefined } },
    signal,
  )
  const { bytes, storedBytes = bytes, etag, lastModified, metadata } = found
  if (etag === undefined || bytes !== source.size || storedBytes === undefined) return null
  if (lastModified === undefined || lastModified.getTime() < since.getTime() - SKEW_MS) return null
  if (metadata['mtime'] !== fileMetadata(source)['mtime']) return null
  if (!(await isAsAsked(vault, found, mode, options.key))) return null
  const { keyId, format, versionId, journey } = found
  return { bucket, key, mode: found.mode, keyId, format, bytes, storedBytes, seconds: 0, etag, versionId, journey }
}

/**
 * The file at a get's path, if an attempt of this run brought it: whole (a destination never is anything else), of the
 * object's size and, where the object tells it, its date; else put there since the run began.
 */
export async function recogniseGet(
  vault: Vault,
  { bucket, key, versionId, path, options }: GetRequest,
  since: Date,
  signal: AbortSignal,
): Promise<GetResult | null> {
  const file = await stat(path)
  if (!file.isFile() || file.ctimeMs < since.getTime()) return null
  const found = await inspect(vault, { bucket, key, versionId, options }, signal)
  if (found.bytes !== file.size) return null
  const { mtimeMs } = fileTimes(found.metadata, found.lastModified)
  // Not every disk keeps more than microseconds of a date, and some keep two seconds.
  if (mtimeMs !== undefined && Math.abs(mtimeMs - file.mtimeMs) > 2_000) return null
  const { mode, keyId, format, journey } = found
  return { bucket, key, path, mode, keyId, format, bytes: file.size, seconds: 0, journey }
}

async function isAsAsked(vault: Vault, found: Inspection, mode: ModeChoice, key: string | undefined): Promise<boolean> {
  if (mode === 'bucket-default') return !isClientSide(found.mode)
  if (found.mode !== mode) return false
  if (!usesCustomerKey(mode) || key === undefined) return true
  return (await vault.keys.find(key)).id === found.keyId
}
