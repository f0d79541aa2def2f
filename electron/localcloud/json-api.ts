import type { IncomingMessage } from 'node:http'
import { zero } from '../base/bytes.ts'
import type { Principals } from './auth/principals.ts'
import { diskFullMessage, isDiskFull } from './disk-space.ts'
import type { Kms } from './kms/service.ts'
import { KmsError, S3Error, type Principal } from './request.ts'

/** Largest request of the JSON API; AWS's own limit is far below. */
const MAX_BODY = 262_144

/** The body of a JSON call, whole. Throws KmsError if it is too large or ends early. */
export async function readJsonBody(request: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = []
  let length = 0
  for await (const piece of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    length += piece.length
    if (length > MAX_BODY) throw new KmsError('RequestEntityTooLargeException', 'The request is too large.', 413)
    pieces.push(piece)
  }
  const body = Buffer.concat(pieces)
  zero(...pieces)
  return body
}

/** Performs `TrentService.*` (KMS) and `CofferAdmin.*` (principals, the owner's alone) and answers the output's JSON. Throws KmsError. */
export function jsonApi(
  kms: Kms,
  principals: Principals,
  dataDir: string,
): (principal: Principal, target: string, body: Buffer) => Buffer {
  const admin = adminOperations(kms, principals)
  const perform = (principal: Principal, target: string, body: Buffer): Buffer => {
    const [service, action = ''] = target.split('.')
    const input = parseInput(body)
    if (service === 'TrentService') return encode(kms.call(principal, action, input))
    const operation = service === 'CofferAdmin' ? admin.get(action) : undefined
    if (!operation) throw new KmsError('UnknownOperationException', `The action ${target} is not supported.`)
    if (!principal.isOwner) {
      throw new KmsError(
        'AccessDeniedException',
        `User: ${principal.arn} is not authorized to perform: coffer:${action}`,
      )
    }
    return encode(operation(input))
  }
  return (principal, target, body) => {
    try {
      return perform(principal, target, body)
    } catch (error) {
      if (!isDiskFull(error, dataDir)) throw error
      throw new KmsError('InsufficientStorageException', diskFullMessage(dataDir), 507)
    }
  }
}

/** A failure in the JSON protocol's words; what is none of ours becomes KMSInternalException without detail. */
export function jsonError(error: unknown): { status: number; type: string; body: Buffer } {
  const { code, message, status } = toKmsError(error)
  const body = message === '' ? { __type: code } : { __type: code, message }
  return { status, type: code, body: Buffer.from(JSON.stringify(body)) }
}

function adminOperations(kms: Kms, principals: Principals): Map<string, (input: object) => object> {
  return new Map<string, (input: object) => object>([
    ['CreatePrincipal', (input) => principals.create(nameOf(input))],
    ['ListPrincipals', () => ({ Principals: principals.list() })],
    [
      'DeletePrincipal',
      (input) => {
        const { arn, uniqueId } = principals.delete(nameOf(input))
        kms.forgetPrincipal(arn, uniqueId)
        return { Arn: arn }
      },
    ],
  ])
}

function nameOf(input: object): string {
  if ('Name' in input && typeof input.Name === 'string') return input.Name
  throw new KmsError('ValidationException', "Value at 'name' failed to satisfy constraint: Member must be a string")
}

function parseInput(body: Buffer): object {
  try {
    const input: unknown = body.length === 0 ? {} : JSON.parse(body.toString())
    if (typeof input === 'object' && input !== null && !Array.isArray(input)) return input
  } catch {
    // Falls through to the protocol's own word for it.
  } finally {
    zero(body)
  }
  throw new KmsError('SerializationException', 'The request body is not a JSON object.')
}

/** Buffers go out as base64 and are zeroed. The JSON text itself cannot be: JavaScript's strings are immutable. */
function encode(output: object): Buffer {
  const fields = Object.entries(output).map(([name, value]: [string, unknown]) => {
    if (!Buffer.isBuffer(value)) return [name, value]
    const text = value.toString('base64')
    zero(value)
    return [name, text]
  })
  return Buffer.from(JSON.stringify(Object.fromEntries(fields)))
}

/** What the signature check throws, in the JSON protocol's words. */
const SIGNATURE_ERRORS: Record<string, string> = {
  InvalidAccessKeyId: 'UnrecognizedClientException',
  InvalidToken: 'UnrecognizedClientException',
  SignatureDoesNotMatch: 'InvalidSignatureException',
  RequestTimeTooSkewed: 'InvalidSignatureException',
  AuthorizationHeaderMalformed: 'IncompleteSignatureException',
  AuthorizationQueryParametersError: 'IncompleteSignatureException',
  InvalidRequest: 'IncompleteSignatureException',
  AccessDenied: 'MissingAuthenticationTokenException',
}

function toKmsError(error: unknown): { code: string; message: string; status: number } {
  if (error instanceof KmsError) return error
  if (!(error instanceof S3Error)) {
    return {
      code: 'KMSInternalException',
      message: 'The request was rejected because an internal exception occurred.',
      status: 500,
    }
  }
  const code = SIGNATURE_ERRORS[error.code] ?? 'ValidationException'
  // A client that is told "Signature expired" sets its clock by the Date header and tries again.
  const message = error.code === 'RequestTimeTooSkewed' ? `Signature expired: ${error.message}` : error.message
  return { code, message, status: 400 }
}
