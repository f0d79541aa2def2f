import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import type { Connection } from '../../electron/cloud/connection.ts'

export interface OddObject {
  body: Buffer
  headers: Record<string, string>
}

/** How this server differs from Amazon's. */
export interface Oddities {
  /** Entries of one page of a listing. */
  page: number
  /**
   * How a page that is not the last says where the next begins: as Amazon does; not at all; always the same token, or a new
   * one, for the first page; or as version 1 does, with a NextMarker or without.
   */
  next: 'token' | 'nothing' | 'same-token' | 'fresh-token' | 'marker' | 'v1'
  /** How names are written where the request wants them encoded. */
  encode: (name: string) => string
  /** Error code with which a key is refused to be deleted; undefined: it is deleted; '': it stays, and nothing is said of it. */
  refuse: (key: string, attempt: number) => string | undefined
  /** HEAD does not say the size, as some caching proxies have it. */
  hidesSize: boolean
  /** What of an object is asked for is not listened to: all of it comes. */
  ignoresRange: boolean
  /** Its policy denies what is stored without this header's value. */
  demandsSse: string | undefined
}

export interface OddS3 {
  endpoint: string
  connection: Connection
  /** By `bucket/key`. */
  objects: Map<string, OddObject>
  odd: Oddities
  /** `METHOD path?query` of each request so far. */
  seen: string[]
  put(name: string, body?: string | Buffer, headers?: Record<string, string>): void
  close(): Promise<void>
}

const ORDER = (one: string, other: string): number => Buffer.compare(Buffer.from(one), Buffer.from(other))
const escaped = (text: string): string => text.replace(/[&<>"]/g, (char) => `&#${char.charCodeAt(0)};`)

const NAMED: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }
const unescaped = (text: string): string =>
  text.replace(/&(?:#x([0-9A-Fa-f]+)|(\w+));/g, (_, code: string | undefined, name: string) =>
    code === undefined ? (NAMED[name] ?? '') : String.fromCodePoint(parseInt(code, 16)),
  )

/** As Amazon encodes a name. */
export const asForm = (name: string): string => encodeURIComponent(name).replaceAll('%2F', '/').replaceAll('%20', '+')

/** A small S3 in memory on loopback that checks no signature and differs from Amazon's where it is told to. */
export async function startOddS3(oddities: Partial<Oddities> = {}): Promise<OddS3> {
  const objects = new Map<string, OddObject>()
  const odd: Oddities = {
    page: 1000,
    next: 'token',
    encode: asForm,
    refuse: () => undefined,
    hidesSize: false,
    ignoresRange: false,
    demandsSse: undefined,
    ...oddities,
  }
  const seen: string[] = []
  const attempts = new Map<string, number>()
  const refusal = (key: string): string | undefined => {
    const attempt = (attempts.get(key) ?? 0) + 1
    attempts.set(key, attempt)
    return odd.refuse(key, attempt)
  }

  async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://x')
    const body = await buffer(request)
    const [bucket = '', ...rest] = url.pathname.slice(1).split('/').map(decodeURIComponent)
    const key = rest.join('/')
    seen.push(`${request.method} ${request.url}`)
    const xml = (text: string): void => void response.setHeader('content-type', 'application/xml').end(text)
    const fail = (status: number, code: string): void => {
      response.statusCode = status
      xml(`<Error><Code>${code}</Code><Message>No.</Message></Error>`)
    }
    const { searchParams: query } = url
    if (key === '' && request.method === 'GET' && query.has('uploads')) {
      xml(`<ListMultipartUploadsResult><Bucket>${bucket}</Bucket></ListMultipartUploadsResult>`)
      return
    }
    if (key === '' && request.method === 'GET' && (query.has('list-type') || query.has('prefix'))) {
      xml(list(objects, odd, bucket, query))
      return
    }
    if (key === '' && request.method === 'POST') {
      xml(deleteMany(bucket, body.toString()))
      return
    }
    if (key === '') {
      xml('<VersioningConfiguration/>')
      return
    }
    const name = `${bucket}/${key}`
    const object = objects.get(name)
    if (request.method === 'PUT' && request.headers['if-none-match'] === '*' && object !== undefined) {
      fail(412, 'PreconditionFailed')
      return
    }
    const sse = request.headers['x-amz-server-side-encryption']
    if (request.method === 'PUT' && odd.demandsSse !== undefined && sse !== odd.demandsSse) {
      fail(403, 'AccessDenied')
      return
    }
    if (request.method === 'PUT') {
      const kept = Object.entries(request.headers).filter(([header]) => /^(?:x-amz-meta-|content-type$)/.test(header))
      objects.set(name, { body, headers: Object.fromEntries(kept) as Record<string, string> })
      return void response.setHeader('etag', etagOf(body)).end()
    }
    if (request.method === 'DELETE') {
      const code = refusal(key)
      if (code) {
        fail(code === 'SlowDown' ? 503 : 403, code)
        return
      }
      if (code === undefined) objects.delete(name)
      response.statusCode = 204
      return void response.end()
    }
    if (object === undefined) {
      fail(404, 'NoSuchKey')
      return
    }
    if (query.has('tagging')) {
      xml('<Tagging><TagSet/></Tagging>')
      return
    }
    for (const [header, value] of Object.entries(object.headers)) response.setHeader(header, value)
    response.setHeader('etag', etagOf(object.body)).setHeader('last-modified', 'Thu, 01 Jan 2026 00:00:00 GMT')
    const range = odd.ignoresRange ? '' : (request.headers.range ?? '')
    const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(range) ?? []
    if (from !== undefined && Number(from) >= object.body.length) {
      response.setHeader('content-range', `bytes */${object.body.length}`)
      fail(416, 'InvalidRange')
      return
    }
    const part = from === undefined ? object.body : object.body.subarray(Number(from), Number(to || Infinity) + 1)
    if (from !== undefined) {
      response.statusCode = 206
      response.setHeader('content-range', `bytes ${from}-${Number(from) + part.length - 1}/${object.body.length}`)
    }
    if (request.method !== 'HEAD' || !odd.hidesSize)
      response.setHeader('content-length', request.method === 'HEAD' ? object.body.length : part.length)
    response.end(request.method === 'HEAD' ? undefined : part)
  }

  function deleteMany(bucket: string, text: string): string {
    const keys = Array.from(text.matchAll(/<Key>([^<]*)<\/Key>/g), ([, key = '']) => unescaped(key))
    const lines = keys.map((key) => {
      const code = refusal(key)
      if (code) return `<Error><Key>${escaped(key)}</Key><Code>${code}</Code><Message>No.</Message></Error>`
      if (code === undefined) objects.delete(`${bucket}/${key}`)
      return text.includes('<Quiet>true') ? '' : `<Deleted><Key>${escaped(key)}</Key></Deleted>`
    })
    return `<DeleteResult>${lines.join('')}</DeleteResult>`
  }

  const server = createServer((request, response) => void respond(request, response)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    endpoint,
    objects,
    odd,
    seen,
    connection: {
      endpoint,
      kmsEndpoint: undefined,
      region: 'us-east-1',
      pathStyle: true,
      caBundle: undefined,
      checksums: 'when-required',
      credentials: { kind: 'keys', accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' },
    },
    put: (name, body = 'x', headers = {}) => void objects.set(name, { body: Buffer.from(body), headers }),
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

function etagOf(body: Buffer): string {
  return `"${createHash('md5').update(body).digest('hex')}"`
}

interface Listed {
  name: string
  /** Undefined for a common prefix. */
  object?: OddObject
}

function list(objects: Map<string, OddObject>, odd: Oddities, bucket: string, query: URLSearchParams): string {
  const prefix = query.get('prefix') ?? ''
  const delimiter = query.get('delimiter') ?? ''
  const isFirst = !query.has('list-type')
  const circles = odd.next === 'same-token' || odd.next === 'fresh-token'
  const token = Buffer.from(query.get('continuation-token') ?? '', 'hex').toString()
  const after = circles ? '' : (query.get('marker') ?? token)
  const page = Math.min(odd.page, Number(query.get('max-keys') ?? 1000))
  const all = entries(objects, bucket, prefix, delimiter).filter(({ name }) => ORDER(name, after) > 0)
  const some = all.slice(0, page)
  const last = some.at(-1)?.name ?? ''
  const truncated = all.length > some.length
  const encoded = query.get('encoding-type') === 'url'
  const write = (name: string): string => escaped(encoded ? odd.encode(name) : name)
  const lines = some.map(({ name, object }) =>
    object === undefined
      ? `<CommonPrefixes><Prefix>${write(name)}</Prefix></CommonPrefixes>`
      : `<Contents><Key>${write(name)}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified>` +
        `<ETag>${escaped(etagOf(object.body))}</ETag><Size>${object.body.length}</Size></Contents>`,
  )
  const places: Record<Oddities['next'], string> = {
    token: isFirst ? '' : `<NextContinuationToken>${Buffer.from(last).toString('hex')}</NextContinuationToken>`,
    'same-token': '<NextContinuationToken>00</NextContinuationToken>',
    'fresh-token': `<NextContinuationToken>${randomBytes(8).toString('hex')}</NextContinuationToken>`,
    nothing: '',
    marker: `<NextMarker>${write(last)}</NextMarker>`,
    v1: delimiter === '' ? '' : `<NextMarker>${write(last)}</NextMarker>`,
  }
  const place = truncated ? places[odd.next] : ''
  const encoding = encoded ? '<EncodingType>url</EncodingType>' : ''
  return `<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult><Name>${bucket}</Name><Prefix/>${encoding}<IsTruncated>${truncated}</IsTruncated>${place}${lines.join('')}</ListBucketResult>`
}

function entries(objects: Map<string, OddObject>, bucket: string, prefix: string, delimiter: string): Listed[] {
  const found = new Map<string, Listed>()
  for (const [name, object] of objects) {
    if (!name.startsWith(`${bucket}/${prefix}`)) continue
    const key = name.slice(bucket.length + 1)
    const end = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length)
    if (end === -1) found.set(key, { name: key, object })
    else found.set(key.slice(0, end + 1), { name: key.slice(0, end + 1) })
  }
  return [...found.values()].sort((one, other) => ORDER(one.name, other.name))
}
