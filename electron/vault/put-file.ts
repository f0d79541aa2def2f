import { realpath } from 'node:fs/promises'
import { TAG_BYTES } from '../envelope/size.ts'
import { describeLocalFailure } from '../transfers/local-failure.ts'
import { partSize } from '../transfers/parts.ts'
import { isStreamRef } from './put-plan.ts'

/** True if a file of this many bytes goes in parts, in one mode or another; else there is never anything to go on with. */
export function goesInParts(size: number): boolean {
  const largest = size + TAG_BYTES
  return largest > partSize(largest)
}

/** Where a file really is, whatever links lead to it; a stream's reference is its own. Throws FILE_NOT_FOUND and LOCAL_IO. */
export function realPath(path: string): Promise<string> {
  if (isStreamRef(path)) return Promise.resolve(path)
  return realpath(path).catch((error: unknown) => {
    throw describeLocalFailure(error, path)
  })
}
