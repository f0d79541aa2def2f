import { realpath } from 'node:fs/promises'
import { keepsIfNoneMatch } from '../cloud/behaviour.ts'
import { TAG_BYTES } from '../envelope/size.ts'
import { describeLocalFailure } from '../base/local-failure.ts'
import { contentTypeOf } from './content-type.ts'
import type { WritePlan } from '../modes/mode.ts'
import type { Upload } from '../transfers/object.ts'
import { partSize } from '../transfers/parts.ts'
import { isStreamRef } from './put-plan.ts'
import { requireFree } from './existence.ts'
import type { PutRequest, Vault } from './vault.ts'

/** True if a file of this many bytes goes in parts, in one mode or another; else there is never anything to go on with. */
export function goesInParts(size: number): boolean {
  const largest = size + TAG_BYTES
  return wayOf(largest) === 'multipart'
}

/** How so many stored bytes are sent. */
export function wayOf(storedSize: number): 'put' | 'multipart' {
  return storedSize > partSize(storedSize) ? 'multipart' : 'put'
}

/** Where a file really is, whatever links lead to it; a stream's reference is its own. Throws FILE_NOT_FOUND and LOCAL_IO. */
export function realPath(path: string): Promise<string> {
  if (isStreamRef(path)) return Promise.resolve(path)
  return realpath(path).catch((error: unknown) => {
    throw describeLocalFailure(error, path)
  })
}

/** What is sent for a put, under one plan: the same for a first attempt and for one that goes on. */
export function uploadOf(
  vault: Vault,
  { source, bucket, key, overwrite }: PutRequest,
  plan: WritePlan,
  metadata: Record<string, string>,
  signal: AbortSignal,
): Upload {
  const way = wayOf(plan.sealer?.sealedSize(source.size) ?? source.size)
  const isAsked = overwrite === 'refuse' && keepsIfNoneMatch(vault.server, way) !== true
  return {
    bucket,
    key,
    size: source.size,
    read: (signal) => source.read(signal),
    plan,
    metadata,
    headers: plan.sealer === null ? contentTypeOf(key, source.file?.path) : undefined,
    condition: overwrite === 'refuse' ? { IfNoneMatch: '*' } : undefined,
    recheck: isAsked ? () => requireFree(vault, { bucket, key }, way, signal) : undefined,
  }
}
