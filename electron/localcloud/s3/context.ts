import type { ServerResponse } from 'node:http'
import type { VerifiedRequest } from '../request.ts'
import type { DataKeys } from '../sse/data-keys.ts'
import type { Bucket } from '../storage/buckets.ts'
import type { Listing } from '../storage/listing.ts'
import type { Storage } from '../storage/storage.ts'
import type { Uploads } from '../storage/uploads.ts'
import { invalidArgument, noSuchBucket } from './failures.ts'

/** What every operation works with. */
export interface Context extends Storage {
  region: string
  uploads: Uploads
  listing: Listing
  dataKeys: DataKeys
}

/** One S3 operation: performs it and writes the answer. */
export type Operation = (context: Context, request: VerifiedRequest, response: ServerResponse) => Promise<void> | void

/** The one owner's canonical id. */
export const OWNER_ID = '0'.repeat(64)
export const OWNER_NAME = 'coffer'

/** The bucket a request names. Throws NoSuchBucket. */
export function bucketOf(context: Context, request: VerifiedRequest): Bucket {
  return bucketNamed(context, request.bucket ?? '')
}

export function bucketNamed(context: Context, name: string): Bucket {
  const bucket = context.buckets.find(name)
  if (!bucket) throw noSuchBucket(name)
  return bucket
}

/** The same bucket inside a transaction, where it may have gone meanwhile. Throws NoSuchBucket. */
export function bucketStill(context: Context, bucket: Bucket): Bucket {
  const now = context.buckets.find(bucket.name)
  if (now?.id !== bucket.id) throw noSuchBucket(bucket.name)
  return now
}

/** The object key a request names. */
export function keyOf(request: VerifiedRequest): string {
  return request.key ?? ''
}

/** A header as text; node joins repeated ones. */
export function header(request: VerifiedRequest, name: string): string | undefined {
  const value = request.headers[name]
  return Array.isArray(value) ? value.join(',') : value
}

/** A whole number from the query between 0 and `most`; `fallback` where it is not given. Throws InvalidArgument. */
export function numberFrom(query: URLSearchParams, name: string, fallback: number, most: number): number {
  const given = query.get(name)
  if (given === null || given === '') return fallback
  if (!/^\d{1,10}$/.test(given))
    throw invalidArgument(`Provided ${name} not an integer or within integer range`, name, given)
  return Math.min(Number(given), most)
}
