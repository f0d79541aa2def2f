import { isCofferError } from '../base/errors.ts'
import { inspect } from './inspect.ts'
import { put } from './put.ts'
import type { PutRequest, PutResult, PutWatch, Vault } from './vault.ts'

/**
 * Stores an empty folder, as an empty object whose key ends with `/`. One that is there already is what was asked for, and
 * one that holds data is never replaced. Throws what `put` throws.
 */
export async function putFolder(vault: Vault, request: PutRequest, watch: PutWatch): Promise<PutResult> {
  try {
    return await put(vault, { ...request, overwrite: 'refuse' }, watch)
  } catch (error) {
    const there = isCofferError(error, 'ALREADY_EXISTS') ? await emptyFolder(vault, request, watch.signal) : null
    if (there === null) throw error
    return there
  }
}

/** Null for anything but an object that holds, or seals, nothing. */
async function emptyFolder(vault: Vault, request: PutRequest, signal: AbortSignal): Promise<PutResult | null> {
  const { bucket, key } = request
  const found = await inspect(vault, { bucket, key, options: {} }, signal)
  const { mode, keyId, format, bytes, storedBytes = 0, etag, versionId, journey } = found
  if (bytes !== 0 || etag === undefined) return null
  return { bucket, key, mode, keyId, format, bytes, storedBytes, seconds: 0, etag, versionId, journey }
}
