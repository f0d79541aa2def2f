import type { S3Client } from '@aws-sdk/client-s3'
import { CofferError } from '../base/errors.ts'
import { isLoopback } from './loopback.ts'

const KEY_HEADERS = [
  'x-amz-server-side-encryption-customer-key',
  'x-amz-copy-source-server-side-encryption-customer-key',
]

interface OutgoingRequest {
  protocol?: string
  hostname?: string
  headers?: Record<string, string>
}

/**
 * Refuses to put a customer's key on a wire that others can read: SSE-C goes over https or stays on this machine. It
 * stands in the client itself, behind the last choice of endpoint, so that no caller can forget it.
 */
export function guardCustomerKeys(s3: S3Client): void {
  s3.middlewareStack.add(
    (next) => (args) => {
      refuseOpenWire(args.request as OutgoingRequest)
      return next(args)
    },
    { step: 'finalizeRequest', priority: 'high', name: 'guardCustomerKeys' },
  )
}

/** Throws INVALID_INPUT for a request that would send a customer's key over a wire that others can read. */
export function refuseOpenWire({ protocol, hostname, headers }: OutgoingRequest): void {
  const carriesKey = KEY_HEADERS.some((name) => headers?.[name] !== undefined)
  if (!carriesKey || protocol === 'https:' || isLoopback(hostname ?? '')) return
  throw new CofferError('INVALID_INPUT', 'SSE-C would send the key unencrypted to this endpoint.', {
    hint: 'Use an https:// endpoint, or CSE-C, which never sends the key.',
  })
}
