import { HeadBucketCommand, type S3Client } from '@aws-sdk/client-s3'
import { CofferError, type ErrorCode } from '../base/errors.ts'

/*
 * Providers show a bucket's address as `https://server/bucket` or `https://bucket.server`, and people paste it where the
 * server's is asked for. Requests would name the bucket twice: a list fails, and a file goes to another key than was said.
 */

interface Address {
  protocol: string
  hostname: string
  port?: number | undefined
  path: string
}

const checked = new WeakMap<S3Client, Map<string, Promise<void>>>()

/**
 * Asks once, where the endpoint's path ends with the bucket's name, whether there is such a bucket below it: a server may
 * stand below a path of that name. Throws INVALID_INPUT if there is none.
 */
export async function requireBucketAddress(s3: S3Client, bucket: unknown): Promise<void> {
  if (typeof bucket !== 'string' || bucket === '' || s3.config.endpoint === undefined) return
  const known = checked.get(s3) ?? new Map<string, Promise<void>>()
  checked.set(s3, known)
  const check = known.get(bucket) ?? checkAddress(s3, bucket)
  known.set(bucket, check)
  await check
}

async function checkAddress(s3: S3Client, bucket: string): Promise<void> {
  const address = await addressOf(s3)
  if (address === undefined || !endsWithBucket(address, bucket)) return
  const isThere = await s3.send(new HeadBucketCommand({ Bucket: bucket })).then(
    () => true,
    () => false,
  )
  if (isThere) return
  const message = `The endpoint ends with the name of the bucket ${bucket}, and there is no such bucket below it.`
  throw new CofferError('INVALID_INPUT', message, { hint: pathHint(address) })
}

/** Failures that a bucket's name in the endpoint's host may be the cause of. */
const MAY_BE_HOST: ErrorCode[] = ['BUCKET_NOT_FOUND', 'ACCESS_DENIED', 'NOT_S3', 'TLS', 'NETWORK', 'UNSUPPORTED']

/** The same failure, with what to do about an endpoint whose host begins with the bucket's name, if it does. */
export async function hintAtAddress(s3: S3Client, bucket: unknown, failure: CofferError): Promise<CofferError> {
  if (typeof bucket !== 'string' || !MAY_BE_HOST.includes(failure.code)) return failure
  const address = await addressOf(s3)
  if (address?.hostname.startsWith(`${bucket}.`) !== true) return failure
  const { code, message, facts, cause } = failure
  const rest = { ...address, hostname: address.hostname.slice(bucket.length + 1) }
  const hint = `The endpoint begins with the name of the bucket. Give the server's address alone: ${originOf(rest)}`
  return new CofferError(code, message, { hint, facts, cause })
}

async function addressOf(s3: S3Client): Promise<Address | undefined> {
  return s3.config.endpoint?.()
}

function endsWithBucket({ path }: Address, bucket: string): boolean {
  return path.split('/').findLast((segment) => segment !== '') === bucket
}

function pathHint(address: Address): string {
  const segments = address.path.split('/').filter((segment) => segment !== '')
  const rest = segments.slice(0, -1).map((segment) => `/${segment}`)
  return `Give the server's address alone: ${originOf(address)}${rest.join('')}`
}

function originOf({ protocol, hostname, port }: Address): string {
  return `${protocol}//${hostname}${port === undefined ? '' : `:${port}`}`
}
