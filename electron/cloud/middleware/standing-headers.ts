import type { S3Client } from '@aws-sdk/client-s3'
import type { Connection } from '../connection.ts'

const standing = new WeakMap<S3Client, Record<string, string>>()

/**
 * What each request of a connection carries: that the person pays for it (Amazon S3 User Guide, "Requester Pays buckets"),
 * and whose bucket it has to be ("Verifying bucket ownership with bucket owner condition").
 */
export function standingHeaders({ requestPayer, expectedBucketOwner }: Connection): Record<string, string> {
  return {
    ...(requestPayer === undefined ? {} : { 'x-amz-request-payer': requestPayer }),
    ...(expectedBucketOwner === undefined ? {} : { 'x-amz-expected-bucket-owner': expectedBucketOwner }),
  }
}

/** What a copy reads has the same owner. */
const SOURCE_OWNER = 'x-amz-source-expected-bucket-owner'
const OWNER = 'x-amz-expected-bucket-owner'

/** Has every request of this client carry these headers; ListBuckets and CreateBucket ask of no bucket, and know no owner. */
export function addHeaders(s3: S3Client, headers: Record<string, string>): void {
  if (Object.keys(headers).length === 0) return
  standing.set(s3, headers)
  s3.middlewareStack.add(
    (next, { commandName }) =>
      (args) => {
        const { headers: own } = args.request as { headers: Record<string, string> }
        const { [OWNER]: owner, ...others } = headers
        Object.assign(own, others)
        if (owner !== undefined && !OWNERLESS.has(commandName ?? '')) own[OWNER] = owner
        if (owner !== undefined && own['x-amz-copy-source'] !== undefined) own[SOURCE_OWNER] = owner
        return next(args)
      },
    { step: 'build', name: 'standingHeaders' },
  )
}

const OWNERLESS = new Set(['ListBucketsCommand', 'CreateBucketCommand'])

/** The headers for a request that does not pass the client's middleware. */
export function headersOfAll(s3: S3Client): Record<string, string> {
  return standing.get(s3) ?? {}
}
