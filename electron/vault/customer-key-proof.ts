import type { WriteWay } from '../cloud/behaviour.ts'
import { throwIfAborted } from '../cloud/send.ts'
import { headObject } from '../cloud/wire/wire.ts'
import { isPassing } from '../transfers/backoff.ts'
import type { Vault } from './vault.ts'

interface Which {
  bucket: string
  key: string
  versionId?: string | undefined
}

/** For what a server has been seen to ask for the customer's key, for as long as its client lives. */
const seenToRefuse = new WeakMap<Vault['s3'], Set<WriteWay | 'read'>>()

/** True if the server has asked for the key of an object that was to be read. */
export function hasAskedForKey({ s3 }: Vault): boolean {
  return seenToRefuse.get(s3)?.has('read') === true
}

export function noteAskedForKey({ s3 }: Vault): void {
  seenToRefuse.set(s3, (seenToRefuse.get(s3) ?? new Set()).add('read'))
}

/**
 * True if a server gives an object under a customer's key to whoever asks for it without the key: then it did not encrypt it
 * with that key, whatever its headers say (there are servers that store them and say them back). Asked once a place and way
 * of writing. Throws failures of the network.
 */
export async function opensWithoutKey(
  vault: Vault,
  which: Which,
  way: WriteWay,
  signal: AbortSignal,
): Promise<boolean> {
  const refused = seenToRefuse.get(vault.s3) ?? new Set()
  seenToRefuse.set(vault.s3, refused)
  if (refused.has(way)) return false
  if (await isGivenWithoutKey(vault, which, signal)) return true
  refused.add(way)
  return false
}

/** The same of this very object, whatever was seen before. */
async function isGivenWithoutKey({ s3 }: Vault, which: Which, signal: AbortSignal): Promise<boolean> {
  const { bucket, key, versionId } = which
  try {
    const { ETag } = await headObject(s3, { Bucket: bucket, Key: key, VersionId: versionId }, signal)
    return ETag !== undefined
  } catch (error) {
    throwIfAborted(signal)
    if (isPassing(error)) throw error
    return false
  }
}
