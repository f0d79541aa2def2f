import type { Head } from './head.ts'
import { answerKms } from './kms.ts'
import { GENERATED, isFlat, listObjects, MADE } from './listing.ts'
import { KEEPS, slicesOf, type Buckets, type Stored } from './objects.ts'
import { document, escaped, failure } from './xml.ts'

/** An upload in parts that is under way. */
interface Upload {
  lines: string
  customerKey: boolean
  parts: Map<number, { size: number; bytes: Buffer }>
}

export interface Sink {
  buckets: Buckets
  uploads: Map<string, Upload>
  /** Counts what was stored; ETags and upload ids are made of it. */
  count: number
}

/** A whole request: its head, how long its body was, and the body itself where it is kept or is a document. */
export interface Request {
  head: Head
  size: number
  body: Buffer
}

/** An answer: its head as it goes out, and what follows. */
export interface Answer {
  head: string
  body: Buffer[]
}

const LAST_MODIFIED = `Last-Modified: ${MADE.toUTCString()}\r\n`
const REASONS: Record<number, string> = { 200: 'OK', 204: 'No Content', 206: 'Partial Content', 404: 'Not Found' }

/**
 * What S3 repeats on every answer about an object; but for the MD5 that rclone adds to large ones, which would not be that
 * of the noise it gets back.
 */
const LASTING = /^(?:x-amz-meta-(?!md5chksum).*|x-amz-server-side-encryption.*|content-type)$/

const CUSTOMER_KEY = 'x-amz-server-side-encryption-customer-key'

/** True if a request's body is needed: documents, and what a bucket keeps. */
export function needsBody({ method, bucket }: Head): boolean {
  return method === 'POST' || keepsBytes(bucket)
}

/** Answers one request as S3 or KMS would. Signatures and checksums are not looked at. */
export function answer(sink: Sink, request: Request): Answer {
  const { head } = request
  const target = head.headers.get('x-amz-target')
  if (target !== undefined) return answerTarget(target, request.body)
  if (head.bucket === '') return said(200, '', bucketList(sink))
  if (head.key === '') return answerBucket(sink, request)
  switch (head.method) {
    case 'PUT':
      return head.query.has('uploadId') ? putPart(sink, request) : putObject(sink, request)
    case 'POST':
      return head.query.has('uploadId') ? completeUpload(sink, head) : createUpload(sink, head)
    case 'DELETE':
      return remove(sink, head)
    default:
      return getObject(sink, head)
  }
}

function answerTarget(target: string, body: Buffer): Answer {
  const answered = answerKms(target.replace('TrentService.', ''), body)
  if (answered === null) return said(501, '', '{"__type":"NotImplemented"}')
  return said(200, 'Content-Type: application/x-amz-json-1.1\r\n', answered)
}

function answerBucket({ buckets }: Sink, { head, body }: Request): Answer {
  const { method, bucket, query } = head
  if (method === 'POST' && query.has('delete')) {
    for (const [, key = ''] of body.toString().matchAll(/<Key>([^<]*)<\/Key>/g)) buckets.remove(bucket, key)
    return said(200, '', document('DeleteResult', ''))
  }
  if (method !== 'GET') return said(200)
  if (query.has('location')) return said(200, '', document('LocationConstraint', ''))
  if (query.has('versioning')) return said(200, '', document('VersioningConfiguration', ''))
  if (query.has('uploads')) return said(200, '', document('ListMultipartUploadsResult', ''))
  if (query.has('encryption'))
    return said(404, '', failure('ServerSideEncryptionConfigurationNotFoundError', 'No rule.'))
  return said(200, '', listObjects(buckets, bucket, query))
}

function bucketList({ buckets }: Sink): string {
  const each = (name: string): string =>
    `<Bucket><Name>${name}</Name><CreationDate>${MADE.toISOString()}</CreationDate></Bucket>`
  return document('ListAllMyBucketsResult', `<Buckets>${buckets.names().map(each).join('')}</Buckets>`)
}

function putObject(sink: Sink, { head, size, body }: Request): Answer {
  const { bucket, key, query } = head
  if (query.has('tagging')) return said(200)
  if (head.headers.get('if-none-match') === '*' && sink.buckets.get(bucket, key) !== undefined)
    return said(412, '', failure('PreconditionFailed', 'It exists already.'))
  const etag = nextEtag(sink)
  const { lines, customerKey } = lastingLines(head)
  sink.buckets.put(bucket, key, { size, etag, lines, customerKey, pieces: keepsBytes(bucket) ? [body] : null })
  return said(200, `ETag: ${etag}\r\n${encryptionLines(lines)}`)
}

function putPart(sink: Sink, { head: { query }, size, body }: Request): Answer {
  const upload = sink.uploads.get(query.get('uploadId') ?? '')
  if (upload === undefined) return noSuch('Upload')
  upload.parts.set(Number(query.get('partNumber')), { size, bytes: body })
  return said(200, `ETag: ${nextEtag(sink)}\r\n${encryptionLines(upload.lines)}`)
}

function createUpload(sink: Sink, head: Head): Answer {
  const id = `upload-${++sink.count}`
  const { lines, customerKey } = lastingLines(head)
  sink.uploads.set(id, { lines, customerKey, parts: new Map() })
  const content = `<Bucket>${head.bucket}</Bucket><Key>${escaped(head.key)}</Key><UploadId>${id}</UploadId>`
  return said(200, encryptionLines(lines), document('InitiateMultipartUploadResult', content))
}

function completeUpload(sink: Sink, { bucket, key, query }: Head): Answer {
  const id = query.get('uploadId') ?? ''
  const upload = sink.uploads.get(id)
  if (upload === undefined) return noSuch('Upload')
  sink.uploads.delete(id)
  const parts = [...upload.parts].sort(([one], [other]) => one - other).map(([, part]) => part)
  const etag = nextEtag(sink, parts.length)
  sink.buckets.put(bucket, key, {
    size: parts.reduce((sum, part) => sum + part.size, 0),
    etag,
    lines: upload.lines,
    customerKey: upload.customerKey,
    pieces: keepsBytes(bucket) ? parts.map((part) => part.bytes) : null,
  })
  const content = `<Bucket>${bucket}</Bucket><Key>${escaped(key)}</Key><ETag>${escaped(etag)}</ETag>`
  return said(200, encryptionLines(upload.lines), document('CompleteMultipartUploadResult', content))
}

function remove(sink: Sink, { bucket, key, query }: Head): Answer {
  const uploadId = query.get('uploadId')
  if (uploadId === null) sink.buckets.remove(bucket, key)
  else sink.uploads.delete(uploadId)
  return said(204)
}

/** GET and HEAD; an answer to HEAD has no body, whatever it says. */
function getObject(sink: Sink, { method, bucket, key, query, headers }: Head): Answer {
  const answered = ((): Answer => {
    const stored = sink.buckets.get(bucket, key) ?? (isFlat(bucket) ? GENERATED : undefined)
    if (stored === undefined) return noSuch('Key')
    if (query.has('tagging')) return said(200, '', document('Tagging', '<TagSet></TagSet>'))
    if (query.has('attributes')) return said(501, '', failure('NotImplemented', 'The sink keeps none.'))
    if (stored.customerKey && !headers.has(CUSTOMER_KEY))
      return said(400, '', failure('InvalidRequest', 'The object is under a customer key.'))
    const wanted = headers.get('if-match')
    if (wanted !== undefined && wanted !== stored.etag)
      return said(412, '', failure('PreconditionFailed', 'It is another object.'))
    return objectAnswer(stored, headers.get('range'))
  })()
  return method === 'HEAD' ? { head: answered.head, body: [] } : answered
}

function objectAnswer(stored: Stored, range: string | undefined): Answer {
  const [, first = '0', last = ''] = /^bytes=(\d+)-(\d*)$/.exec(range ?? '') ?? []
  const start = Number(first)
  const end = Math.min(last === '' ? stored.size : Number(last) + 1, stored.size)
  const partial = range === undefined ? '' : `Content-Range: bytes ${start}-${end - 1}/${stored.size}\r\n`
  const lines = `ETag: ${stored.etag}\r\n${LAST_MODIFIED}Accept-Ranges: bytes\r\n${partial}${stored.lines}`
  return { head: headText(range === undefined ? 200 : 206, lines, end - start), body: slicesOf(stored, start, end) }
}

function keepsBytes(bucket: string): boolean {
  return bucket.startsWith(KEEPS)
}

/** Not the shape of an MD5, so that no client takes it for one. */
function nextEtag(sink: Sink, parts = 1): string {
  return `"${(++sink.count).toString(16).padStart(32, '0')}-${parts}"`
}

/** The key itself is never repeated. What comes without encryption is encrypted under S3's own key, as S3 does it. */
function lastingLines({ headers }: Head): { lines: string; customerKey: boolean } {
  let lines = ''
  for (const [name, value] of headers) {
    if (LASTING.test(name) && name !== CUSTOMER_KEY) lines += `${name}: ${value}\r\n`
  }
  const customerKey = headers.has(CUSTOMER_KEY)
  const encrypted = customerKey || headers.has('x-amz-server-side-encryption')
  return { lines: encrypted ? lines : `${lines}x-amz-server-side-encryption: AES256\r\n`, customerKey }
}

function encryptionLines(lines: string): string {
  return lines.includes('server-side') ? lines.replace(/^(?!x-amz-server-side).*\r\n/gm, '') : ''
}

function noSuch(what: 'Key' | 'Upload'): Answer {
  return said(404, '', failure(`NoSuch${what}`, 'There is none.'))
}

function headText(status: number, lines: string, length: number): string {
  const reason = REASONS[status] ?? 'Failed'
  return `HTTP/1.1 ${status} ${reason}\r\nContent-Length: ${length}\r\nx-amz-request-id: SINK\r\n${lines}\r\n`
}

function said(status: number, lines = '', body = ''): Answer {
  const bytes = Buffer.from(body)
  return { head: headText(status, lines, bytes.length), body: body === '' ? [] : [bytes] }
}
