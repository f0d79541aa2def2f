import type { S3Client } from '@aws-sdk/client-s3'
import { isCofferError } from '../base/errors.ts'

/**
 * Whether a server refuses to overwrite under `If-None-Match: *`. Amazon's and This computer do; of others there are some
 * that overlook it and overwrite. It shows when the first object that was just stored under it is sent once more.
 */
const known = new WeakMap<S3Client, 'asked' | 'keeps' | 'overlooks'>()

/** True once this client's server has been seen to refuse. */
export function keepsConditions(s3: S3Client): boolean {
  return known.get(s3) === 'keeps'
}

/** Tries it out, once a client: `again` repeats the write that has just succeeded, with the same bytes. Best effort. */
export async function tryConditions(s3: S3Client, again: () => Promise<unknown>): Promise<void> {
  if (known.has(s3)) return
  known.set(s3, 'asked')
  try {
    await again()
    known.set(s3, 'overlooks')
  } catch (error) {
    if (isCofferError(error, 'ALREADY_EXISTS')) known.set(s3, 'keeps')
    else known.delete(s3)
  }
}
