import type { S3Client } from '@aws-sdk/client-s3'

const HEADERS = { 'x-amz-request-payer': 'requester' }

const paying = new WeakSet<S3Client>()

/** Has every request of this client say that the person pays for it (Amazon S3 User Guide, "Requester Pays buckets"). */
export function payRequests(s3: S3Client): void {
  paying.add(s3)
  s3.middlewareStack.add(
    (next) => (args) => {
      const { headers } = args.request as { headers: Record<string, string> }
      Object.assign(headers, HEADERS)
      return next(args)
    },
    { step: 'build', name: 'payRequests' },
  )
}

/** The header for a request that does not pass the client's middleware. */
export function payerHeaders(s3: S3Client): Record<string, string> {
  return paying.has(s3) ? HEADERS : {}
}
