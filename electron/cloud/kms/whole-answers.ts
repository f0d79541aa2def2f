import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { crc32 } from 'node:zlib'
import type { KMSClient } from '@aws-sdk/client-kms'
import { CofferError } from '../../base/errors.ts'

/** CRC-32 of an answer's body in decimal, as DynamoDB sends it with its JSON; This computer's KMS does, too. */
const HEADER = 'x-amz-crc32'

interface Incoming {
  statusCode?: number
  headers?: Record<string, string>
  body?: unknown
}

/**
 * Compares KMS's answers with their checksum where they carry one, and has the client's own retries ask again where they
 * differ. A data key that was changed on the way would seal a file that its wrapped key never opens again. Amazon's KMS
 * sends none: there, TLS sees to it.
 */
export function requireWholeAnswers(kms: KMSClient): void {
  kms.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args)
      const response = result.response as Incoming
      if (response.headers?.[HEADER] === undefined || !(response.body instanceof Readable)) return result
      const body = await buffer(response.body)
      requireWhole(response.headers, body)
      response.body = body
      return result
    },
    { step: 'deserialize', priority: 'low', name: 'requireWholeAnswers' },
  )
  kms.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args)
      const { body } = result.response as Incoming
      // It has been read; a data key may be in it.
      if (Buffer.isBuffer(body)) body.fill(0)
      return result
    },
    { step: 'deserialize', priority: 'high', name: 'wipeAnswers' },
  )
}

/** Compares one answer with its checksum, if it carries one. Throws INTEGRITY, to be asked again. */
export function requireWhole(headers: Record<string, string>, body: Buffer): void {
  const expected = headers[HEADER]
  if (expected !== undefined && crc32(body) !== Number(expected)) throw changed()
}

function changed(): CofferError {
  const error = new CofferError('INTEGRITY', 'What came from KMS is not what it sent: its checksum is another.', {
    hint: 'Something on the way changes what is sent (a proxy). Try again.',
  })
  // A field that the SDK's retries look for (@smithy/core, isRetryableByTrait).
  return Object.assign(error, { $retryable: {} })
}
