import type { KMSClient } from '@aws-sdk/client-kms'
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
  guard(s3, 'guardCustomerKeys', refuseOpenWire)
}

/** Throws INVALID_INPUT for a request that would send a customer's key over a wire that others can read. */
export function refuseOpenWire({ protocol, hostname, headers }: OutgoingRequest): void {
  const carriesKey = KEY_HEADERS.some((name) => headers?.[name] !== undefined)
  if (!carriesKey || isSafe(protocol, hostname)) return
  throw new CofferError('INVALID_INPUT', 'SSE-C would send the key unencrypted to this endpoint.', {
    hint: 'Use an https:// endpoint, or CSE-C, which never sends the key.',
  })
}

/** Refuses to talk to a KMS over a wire that others can read: it hands out data keys in plain. Throws INVALID_INPUT. */
export function guardDataKeys(kms: KMSClient): void {
  guard(kms, 'guardDataKeys', refuseOpenKms)
}

/** Throws INVALID_INPUT for a KMS that would be talked to over a wire that others can read. */
export function refuseOpenKms({ protocol, hostname }: OutgoingRequest): void {
  if (isSafe(protocol, hostname)) return
  throw new CofferError('INVALID_INPUT', 'This KMS endpoint would send data keys unencrypted.', {
    hint: 'Use an https:// endpoint for KMS.',
  })
}

function guard(client: S3Client | KMSClient, name: string, refuse: (request: OutgoingRequest) => void): void {
  // Both clients' stacks take it; their types differ in nothing that matters here.
  const { middlewareStack } = client as S3Client
  middlewareStack.add(
    (next) => (args) => {
      refuse(args.request as OutgoingRequest)
      return next(args)
    },
    { step: 'finalizeRequest', priority: 'high', name },
  )
}

function isSafe(protocol: string | undefined, hostname: string | undefined): boolean {
  return protocol === 'https:' || isLoopback(hostname ?? '')
}
