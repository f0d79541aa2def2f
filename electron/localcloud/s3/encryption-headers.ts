import { createHash } from 'node:crypto'
import { equalBytes, fromBase64, zero } from '../../base/bytes.ts'
import { S3Error, type VerifiedRequest } from '../request.ts'
import { WrongCustomerKeyError, type Encryption, type Envelope, type KmsEncryption } from '../sse/data-keys.ts'
import type { Bucket } from '../storage/buckets.ts'
import { header, keyOf, type Context } from './context.ts'
import { accessDenied, invalidArgument, invalidRequest } from './failures.ts'

const SSE = 'x-amz-server-side-encryption'
const KMS_KEY_ID = `${SSE}-aws-kms-key-id`
const CONTEXT = `${SSE}-context`
const BUCKET_KEY = `${SSE}-bucket-key-enabled`

/** Whose customer key a header speaks of: the object's own, or the copy source's. */
export type CustomerKeyOf = 'object' | 'copy-source'

const CUSTOMER = {
  object: `${SSE}-customer`,
  'copy-source': 'x-amz-copy-source-server-side-encryption-customer',
} as const

/**
 * How a write wants its object encrypted: by its headers, else by the bucket's default. Throws AccessDenied where the
 * bucket blocks customer keys (before looking at the key), InvalidArgument for headers that make no sense.
 */
export function requestedEncryption(request: VerifiedRequest, bucket: Bucket, action = 's3:PutObject'): Encryption {
  const method = header(request, SSE)
  if (namesCustomerKey(request, 'object')) {
    if (bucket.encryption?.blocksCustomerKeys === true) throw blocked(request, action)
    if (method !== undefined || header(request, KMS_KEY_ID) !== undefined) {
      throw invalidArgument(
        'Server Side Encryption with Customer provided key is incompatible with the encryption method specified',
        SSE,
        method,
      )
    }
    const customerKey = readCustomerKey(request, 'object')
    if (customerKey) return { mode: 'SSE-C', customerKey }
  }
  if (method === undefined) return defaultEncryption(request, bucket)
  if (method === 'aws:kms' || method === 'aws:kms:dsse') {
    return kmsEncryption(request, bucket, method, header(request, KMS_KEY_ID))
  }
  if (method !== 'AES256') throw invalidArgument('The encryption method specified is not supported', SSE, method)
  refuseKmsHeaders(request)
  return { mode: 'AES256' }
}

/** Whether a request asks for a certain encryption at all. */
export function namesEncryption(request: VerifiedRequest): boolean {
  return header(request, SSE) !== undefined || namesCustomerKey(request, 'object')
}

function defaultEncryption(request: VerifiedRequest, bucket: Bucket): Encryption {
  const byDefault = bucket.encryption
  if (!byDefault || byDefault.algorithm === 'AES256') {
    refuseKmsHeaders(request)
    return { mode: 'AES256' }
  }
  return kmsEncryption(request, bucket, byDefault.algorithm, header(request, KMS_KEY_ID) ?? byDefault.kmsKeyId)
}

function refuseKmsHeaders(request: VerifiedRequest): void {
  const named = [KMS_KEY_ID, CONTEXT].find((name) => header(request, name) !== undefined)
  if (named === undefined) return
  throw invalidArgument(
    'Server Side Encryption with AWS KMS managed key requires HTTP header x-amz-server-side-encryption : aws:kms',
    SSE,
    header(request, SSE),
  )
}

function kmsEncryption(
  request: VerifiedRequest,
  bucket: Bucket,
  mode: KmsEncryption['mode'],
  keyId: string | undefined,
): KmsEncryption {
  const asked = header(request, BUCKET_KEY)?.toLowerCase()
  if (mode === 'aws:kms:dsse' && asked === 'true') {
    throw invalidArgument('Bucket keys are not supported with the encryption method specified', BUCKET_KEY, asked)
  }
  const bucketKey =
    mode === 'aws:kms' && (asked === undefined ? (bucket.encryption?.bucketKey ?? false) : asked === 'true')
  const context = { ...readContext(request), ...kmsContext(bucket.name, keyOf(request), bucketKey) }
  return { mode, keyId: keyId === '' ? undefined : keyId, context, bucketKey }
}

/** What S3 itself puts into the encryption context: the object's ARN, or the bucket's where a bucket key serves all of it. */
export function kmsContext(bucket: string, key: string, bucketKey: boolean): Record<string, string> {
  return { 'aws:s3:arn': bucketKey ? `arn:aws:s3:::${bucket}` : `arn:aws:s3:::${bucket}/${key}` }
}

function readContext(request: VerifiedRequest): Record<string, string> {
  const given = header(request, CONTEXT)
  if (given === undefined) return {}
  const parsed = parseContext(fromBase64(given)?.toString())
  if (!parsed) throw invalidArgument('The header x-amz-server-side-encryption-context is not valid.', CONTEXT, given)
  return parsed
}

function parseContext(json: string | undefined): Record<string, string> | undefined {
  try {
    const value: unknown = JSON.parse(json ?? '')
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
    return Object.values(value).every((item) => typeof item === 'string')
      ? (value as Record<string, string>)
      : undefined
  } catch {
    return undefined
  }
}

function blocked(request: VerifiedRequest, action: string): S3Error {
  return accessDenied(
    `User: ${request.principal.arn} is not authorized to perform: ${action} on resource: ` +
      `"arn:aws:s3:::${request.bucket ?? ''}/${keyOf(request)}" because this bucket has blocked upload requests that ` +
      'specify Server Side Encryption with Customer provided keys (SSE-C).',
  )
}

export function namesCustomerKey(request: VerifiedRequest, of: CustomerKeyOf): boolean {
  const name = CUSTOMER[of]
  return ['algorithm', 'key', 'key-md5'].some((part) => header(request, `${name}-${part}`) !== undefined)
}

/** The customer's key from its three headers, checked; undefined without them. Zero it after use. Throws InvalidArgument. */
function readCustomerKey(request: VerifiedRequest, of: CustomerKeyOf): Buffer | undefined {
  if (!namesCustomerKey(request, of)) return undefined
  const name = CUSTOMER[of]
  const algorithm = header(request, `${name}-algorithm`)
  if (algorithm === undefined) throw customerKeyFailure('a valid encryption algorithm', `${name}-algorithm`)
  if (algorithm !== 'AES256') {
    throw new S3Error(
      'InvalidEncryptionAlgorithmError',
      400,
      'The encryption request you specified is not valid. Supported value: AES256.',
      { ArgumentName: `${name}-algorithm`, ArgumentValue: algorithm },
    )
  }
  const encoded = header(request, `${name}-key`)
  if (encoded === undefined) throw customerKeyFailure('an appropriate secret key', `${name}-key`)
  const md5 = header(request, `${name}-key-md5`)
  if (md5 === undefined) throw customerKeyFailure('the client calculated MD5 of the secret key', `${name}-key-MD5`)
  return checkCustomerKey(fromBase64(encoded), fromBase64(md5), name)
}

function checkCustomerKey(key: Buffer | null, md5: Buffer | null, name: string): Buffer {
  if (key?.length !== 32) {
    zero(key)
    throw invalidArgument('The secret key was invalid for the specified algorithm.', `${name}-key`)
  }
  if (md5 && equalBytes(createHash('md5').update(key).digest(), md5)) return key
  zero(key)
  throw invalidArgument(
    'The calculated MD5 hash of the key did not match the hash that was provided.',
    `${name}-key-MD5`,
  )
}

function customerKeyFailure(missing: string, argument: string): S3Error {
  return invalidArgument(
    `Requests specifying Server Side Encryption with Customer provided keys must provide ${missing}.`,
    argument,
  )
}

/** Fresh data keys for a write, the caller's to zero. */
export function issueDataKeys(
  context: Context,
  request: VerifiedRequest,
  encryption: Encryption,
  object: string,
): { envelope: Envelope; keys: Buffer[] } {
  try {
    return context.dataKeys.issue(encryption, object, request.principal)
  } finally {
    if (encryption.mode === 'SSE-C') zero(encryption.customerKey)
  }
}

/**
 * The data keys of something stored, the caller's to zero. Throws InvalidRequest where the customer's key is missing or
 * out of place, AccessDenied where it is another, KmsError and DamagedError.
 */
export function openDataKeys(
  context: Context,
  request: VerifiedRequest,
  stored: { envelope: Envelope; object: string },
  of: CustomerKeyOf = 'object',
): Buffer[] {
  const customerKey = readCustomerKey(request, of)
  try {
    checkApplies(stored.envelope, customerKey)
    return context.dataKeys.open(stored.envelope, stored.object, { principal: request.principal, customerKey })
  } catch (error) {
    throw error instanceof WrongCustomerKeyError ? accessDenied() : error
  } finally {
    zero(customerKey)
  }
}

function checkApplies(envelope: Envelope, customerKey: Buffer | undefined): void {
  if (envelope.mode === 'SSE-C' && !customerKey) {
    throw invalidRequest(
      'The object was stored using a form of Server Side Encryption. The correct parameters must be provided to retrieve the object.',
    )
  }
  if (envelope.mode !== 'SSE-C' && customerKey) {
    throw invalidRequest('The encryption parameters are not applicable to this object.')
  }
}

/** Reads take no x-amz-server-side-encryption header: what an object is encrypted with is settled. */
export function refuseEncryptionHeader(request: VerifiedRequest): void {
  const method = header(request, SSE)
  if (method === undefined) return
  throw invalidArgument('x-amz-server-side-encryption header is not supported for this operation.', SSE, method)
}

/** The answer's headers about an object's encryption. */
export function encryptionAnswer(envelope: Envelope, request: VerifiedRequest): Record<string, string> {
  if (envelope.mode === 'AES256') return { [SSE]: 'AES256' }
  if (envelope.mode === 'SSE-C') {
    const md5 = header(request, `${CUSTOMER.object}-key-md5`)
    return {
      [`${CUSTOMER.object}-algorithm`]: 'AES256',
      ...(md5 === undefined ? {} : { [`${CUSTOMER.object}-key-MD5`]: md5 }),
    }
  }
  return {
    [SSE]: envelope.mode,
    [KMS_KEY_ID]: envelope.keyArn,
    ...(envelope.bucketKey ? { [BUCKET_KEY]: 'true' } : {}),
  }
}

/** What writes add: the encryption context, if the client gave one. */
export function contextAnswer(envelope: Envelope, request: VerifiedRequest): Record<string, string> {
  if (!('kms' in envelope) || header(request, CONTEXT) === undefined) return {}
  return { [CONTEXT]: Buffer.from(JSON.stringify(envelope.context)).toString('base64') }
}
