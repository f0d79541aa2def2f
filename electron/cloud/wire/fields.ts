import type {
  ChecksumType,
  GetObjectCommandInput,
  PutObjectCommandInput,
  ServerSideEncryption,
  UploadPartCommandInput,
} from '@aws-sdk/client-s3'

type HeaderField = Exclude<
  keyof PutObjectCommandInput | keyof UploadPartCommandInput | keyof GetObjectCommandInput,
  'Body'
>

/** Which header says what, of the fields that Coffer uses (Amazon S3 API reference: PutObject, UploadPart, GetObject). */
const HEADERS: Partial<Record<HeaderField, string>> = {
  CacheControl: 'cache-control',
  ContentDisposition: 'content-disposition',
  ContentEncoding: 'content-encoding',
  ContentLanguage: 'content-language',
  ContentMD5: 'content-md5',
  ContentType: 'content-type',
  Expires: 'expires',
  GrantFullControl: 'x-amz-grant-full-control',
  GrantRead: 'x-amz-grant-read',
  GrantReadACP: 'x-amz-grant-read-acp',
  GrantWriteACP: 'x-amz-grant-write-acp',
  IfMatch: 'if-match',
  IfNoneMatch: 'if-none-match',
  ObjectLockLegalHoldStatus: 'x-amz-object-lock-legal-hold',
  ObjectLockMode: 'x-amz-object-lock-mode',
  ObjectLockRetainUntilDate: 'x-amz-object-lock-retain-until-date',
  Range: 'range',
  StorageClass: 'x-amz-storage-class',
  Tagging: 'x-amz-tagging',
  WebsiteRedirectLocation: 'x-amz-website-redirect-location',
  ServerSideEncryption: 'x-amz-server-side-encryption',
  SSEKMSKeyId: 'x-amz-server-side-encryption-aws-kms-key-id',
  SSEKMSEncryptionContext: 'x-amz-server-side-encryption-context',
  BucketKeyEnabled: 'x-amz-server-side-encryption-bucket-key-enabled',
  SSECustomerAlgorithm: 'x-amz-server-side-encryption-customer-algorithm',
  SSECustomerKey: 'x-amz-server-side-encryption-customer-key',
  SSECustomerKeyMD5: 'x-amz-server-side-encryption-customer-key-md5',
  ChecksumAlgorithm: 'x-amz-sdk-checksum-algorithm',
  ChecksumCRC32: 'x-amz-checksum-crc32',
  ChecksumMode: 'x-amz-checksum-mode',
}

const QUERY: Partial<Record<HeaderField, string>> = {
  PartNumber: 'partNumber',
  UploadId: 'uploadId',
  VersionId: 'versionId',
}

/** Where the other fields go: into the address, or, of the body, into what goes with it. */
const ELSEWHERE = new Set(['Bucket', 'Key', 'Metadata', 'ContentLength'])

export type Fields = Record<string, unknown>

/** A request's fields as headers and as a query sorted by name. Throws on a field that has no place here: it must not get lost. */
export function serialised(input: Fields): { headers: Record<string, string>; query: [string, string][] } {
  const headers: Record<string, string> = {}
  const query: [string, string][] = []
  for (const [field, value] of Object.entries(input as Record<string, string | number | boolean | Date | undefined>)) {
    if (value === undefined || ELSEWHERE.has(field)) continue
    const header = HEADERS[field as HeaderField]
    const parameter = QUERY[field as HeaderField]
    if (header !== undefined) headers[header] = textOf(field, value)
    else if (parameter !== undefined) query.push([parameter, String(value)])
    else throw new TypeError(`There is no header for ${field}.`)
  }
  for (const [name, value] of Object.entries((input.Metadata ?? {}) as Record<string, string>)) {
    headers[`x-amz-meta-${name.toLowerCase()}`] = value
  }
  query.sort(([one], [other]) => (one < other ? -1 : 1))
  return { headers, query }
}

/** `Expires` is a date as HTTP writes it (RFC 9110, section 5.6.7); the others are dates of ISO 8601. */
function textOf(field: string, value: string | number | boolean | Date): string {
  if (!(value instanceof Date)) return String(value)
  return field === 'Expires' ? value.toUTCString() : value.toISOString().replace('.000Z', 'Z')
}

/** What S3 says of an object in an answer's head, under the SDK's names. */
export interface AnswerFields {
  ETag?: string | undefined
  VersionId?: string | undefined
  ContentLength?: number | undefined
  ContentRange?: string | undefined
  LastModified?: Date | undefined
  /** User metadata, without `x-amz-meta-`. */
  Metadata?: Record<string, string> | undefined
  ServerSideEncryption?: ServerSideEncryption | undefined
  SSEKMSKeyId?: string | undefined
  BucketKeyEnabled?: boolean | undefined
  SSECustomerAlgorithm?: string | undefined
  SSECustomerKeyMD5?: string | undefined
  ChecksumCRC32?: string | undefined
  ChecksumCRC32C?: string | undefined
  ChecksumCRC64NVME?: string | undefined
  ChecksumSHA1?: string | undefined
  ChecksumSHA256?: string | undefined
  ChecksumType?: ChecksumType | undefined
  /** Of HEAD: see `repeatsRequest`. */
  repeatsRequest?: boolean | undefined
  $metadata: { requestId?: string }
}

/** Headers of a request, its signature's among them, that belong to no object. */
const OF_REQUESTS = /^x-amz-(?:content-sha256|date|sdk-|user-agent|security-token|decoded-content-length|copy-source)/

/**
 * True if an object's description repeats what only its upload's request said. Such a server stores whatever headers it is
 * sent and says them back: gofakes3, rclone 1.75 and moto do. That it encrypted the object is then no statement of its own.
 */
export function repeatsRequest(headers: Record<string, string>): boolean {
  for (const name in headers) if (OF_REQUESTS.test(name)) return true
  return false
}

export function answerFields(headers: Record<string, string>): AnswerFields {
  const length = headers['content-length']
  const requestId = headers['x-amz-request-id']
  const bucketKey = headers['x-amz-server-side-encryption-bucket-key-enabled']
  return {
    ETag: headers.etag,
    VersionId: headers['x-amz-version-id'],
    ContentLength: length === undefined ? undefined : Number(length),
    ContentRange: headers['content-range'],
    LastModified: dateOf(headers['last-modified']),
    Metadata: metadataOf(headers),
    ServerSideEncryption: headers['x-amz-server-side-encryption'] as ServerSideEncryption | undefined,
    SSEKMSKeyId: headers['x-amz-server-side-encryption-aws-kms-key-id'],
    BucketKeyEnabled: bucketKey === undefined ? undefined : bucketKey === 'true',
    SSECustomerAlgorithm: headers['x-amz-server-side-encryption-customer-algorithm'],
    SSECustomerKeyMD5: headers['x-amz-server-side-encryption-customer-key-md5'],
    ChecksumCRC32: headers['x-amz-checksum-crc32'],
    ChecksumCRC32C: headers['x-amz-checksum-crc32c'],
    ChecksumCRC64NVME: headers['x-amz-checksum-crc64nvme'],
    ChecksumSHA1: headers['x-amz-checksum-sha1'],
    ChecksumSHA256: headers['x-amz-checksum-sha256'],
    ChecksumType: headers['x-amz-checksum-type'] as ChecksumType | undefined,
    $metadata: requestId === undefined ? {} : { requestId },
  }
}

function dateOf(text = ''): Date | undefined {
  const time = Date.parse(text)
  return Number.isNaN(time) ? undefined : new Date(time)
}

const META = 'x-amz-meta-'

function metadataOf(headers: Record<string, string>): Record<string, string> {
  const metadata: Record<string, string> = {}
  for (const name in headers) if (name.startsWith(META)) metadata[name.slice(META.length)] = headers[name] ?? ''
  return metadata
}
