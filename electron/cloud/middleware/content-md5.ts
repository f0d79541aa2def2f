import { createHash } from 'node:crypto'
import type { S3Client } from '@aws-sdk/client-s3'

interface Outgoing {
  headers: Record<string, string>
  body?: unknown
}

interface Refusal {
  name?: string
  message?: string
}

/** True for a refusal that asks for Content-MD5, as Object Lock and older servers do. */
export function asksForMd5(code: string, message: string): boolean {
  return code === 'MissingContentMD5' || /content-md5/i.test(message)
}

/**
 * Sends a request of the SDK again with the MD5 of its body where the server asks for it, and from then on with each: before
 * the newer checksums, DeleteObjects and changes of a bucket had to carry one, and some servers know no other.
 */
export function sendMd5OnDemand(s3: S3Client): void {
  let isWanted = false
  s3.middlewareStack.add(
    (next) => async (args) => {
      const request = args.request as Outgoing
      if (isWanted) addMd5(request)
      try {
        return await next(args)
      } catch (error) {
        const { name = '', message = '' } = error as Refusal
        if (!asksForMd5(name, message) || !addMd5(request)) throw error
        isWanted = true
        return next(args)
      }
    },
    { step: 'build', priority: 'low', name: 'sendMd5OnDemand' },
  )
}

/** False if there is no body, or it has its MD5 already. */
function addMd5({ headers, body }: Outgoing): boolean {
  if (headers['content-md5'] !== undefined || !(typeof body === 'string' || body instanceof Uint8Array)) return false
  headers['content-md5'] = createHash('md5').update(body).digest('base64')
  return true
}
