import {
  GetObjectCommand,
  type HeadObjectCommandInput,
  type HeadObjectCommandOutput,
  type S3Client,
} from '@aws-sdk/client-s3'
import { CofferError, isCofferError } from '../base/errors.ts'
import { dropBody } from './body.ts'
import { send } from './send.ts'

/**
 * An answer to HEAD with its Content-Length. Caching proxies in front of a server leave it out of answers to HEAD; then one
 * byte is asked for, whose Content-Range names the size of the whole (RFC 9110, 14.4). The field stays undefined where the
 * server does not say it there either, or another object has taken its place meanwhile. Throws what `send` throws.
 */
export async function withSize(
  s3: S3Client,
  head: HeadObjectCommandOutput,
  { Bucket, Key, ...which }: HeadObjectCommandInput,
  signal: AbortSignal,
): Promise<HeadObjectCommandOutput> {
  if (head.ContentLength !== undefined || head.ETag === undefined) return head
  try {
    const command = new GetObjectCommand({ Bucket, Key, ...which, Range: 'bytes=0-0' })
    const { Body, ContentRange, ContentLength, ETag } = await send(s3, command, signal)
    if (Body !== undefined) dropBody(Body)
    if (ETag !== undefined && ETag !== head.ETag) return head
    return { ...head, ContentLength: ContentRange === undefined ? ContentLength : totalOf(ContentRange) }
  } catch (error) {
    if (isNothingToGive(error)) return { ...head, ContentLength: 0 }
    throw error
  }
}

/** `bytes 0-9/100` is 100 in all; undefined for a size that the server does not know (`*`). */
export function totalOf(contentRange: string | undefined): number | undefined {
  const total = /\/(\d+)$/.exec(contentRange ?? '')?.[1]
  return total === undefined ? undefined : Number(total)
}

/** 416 is the answer for the first byte of an object that has none (RFC 9110, 15.5.17). */
function isNothingToGive(error: unknown): error is CofferError {
  return isCofferError(error) && error.facts.status === '416'
}
