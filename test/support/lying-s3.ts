import { createHash, randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import type { Connection } from '../../electron/cloud/connection.ts'

type Way = 'put' | 'multipart' | 'copy'

/** How this server departs from S3; of what is left out it does what S3 does. All may be changed while it runs. */
export interface Lies {
  /** What becomes of the encryption that is asked for. `echoed`: every answer repeats the headers, and nothing is encrypted. */
  encryption?: Partial<Record<Way, 'dropped' | 'echoed'>>
  /** An encryption and a KMS key that do not exist are claimed, too. */
  claimsAnything?: boolean
  /** Every header of the service is kept and said back, also those of the request and its signature. */
  keepsRequest?: boolean
  /** Answers to writes say nothing of encryption; HEAD does. */
  silent?: boolean
  /** Another KMS key than the one that was named. */
  otherKmsKey?: string
  /** `If-None-Match` and `If-Match` of these are overlooked, or refused with 501. */
  conditions?: Partial<Record<Way, 'overlooked' | 'refused'>>
  /** Grants of every object's access list, in XML. */
  grants?: string
  /** Requests that are refused with 403, as `METHOD`, `LIST`, `ACL` or `TAGS`. */
  denied?: string[]
  /** Requests that are refused with 501, by a word in what identifies them: `copy`, `expect`, `tagging`. */
  unsupported?: string[]
  /** What is written keeps the metadata of its source, or of what it replaces, besides the new one. */
  mixesMetadata?: Partial<Record<'put' | 'copy', 'source' | 'target'>>
  /** What is written here, as `bucket/key`, is stored in the clear, however it is written. */
  plainAt?: string
  /** Metadata is not kept. */
  dropsMetadata?: boolean
  /** 417 for a request that asks whether its body is welcome. */
  refusesExpect?: boolean
  /** Old versions are kept, and every answer names its version. */
  versions?: boolean
}

export interface StoredObject {
  body: Buffer
  headers: Record<string, string>
  /** MD5 of the customer's key without which it is not given. */
  customerKey?: string | undefined
  version: string
}

export interface LyingServer {
  lies: Lies
  connection: Connection
  /** By `bucket/key`, newest last. */
  objects: Map<string, StoredObject[]>
  /** `PUT /bucket/key`, with the query's names. */
  log: string[]
  /** The current object; undefined: there is none. */
  at(path: string): StoredObject | undefined
  close(): Promise<void>
}

interface Upload {
  path: string
  headers: Record<string, string>
  parts: Map<number, Buffer>
}

const KEPT =
  /^(?:x-amz-(?:meta-|grant-|server-side-|storage-class|website-redirect|object-lock)|content-type|cache-control|content-disposition|content-language|content-encoding|expires)/
const SSE = 'x-amz-server-side-encryption'
const KEY_MD5 = `${SSE}-customer-key-md5`

/** An S3 in memory, over real HTTP on loopback, that lies as it is told to. It checks no signature. */
export async function startLyingServer(lies: Lies = {}): Promise<LyingServer> {
  const objects = new Map<string, StoredObject[]>()
  const uploads = new Map<string, Upload>()
  const log: string[] = []
  const current = (path: string): StoredObject | undefined => objects.get(path)?.at(-1)
  const server: LyingServer = {
    lies,
    objects,
    log,
    at: current,
    connection: undefined as unknown as Connection,
    async close() {
      http.closeAllConnections()
      http.close()
      await once(http, 'close')
    },
  }

  function store(path: string, way: Way, body: Buffer, headers: Record<string, string>): [StoredObject, object] {
    const { encryption, silent, dropsMetadata, versions, otherKmsKey, plainAt } = server.lies
    const manner = plainAt === path ? 'dropped' : encryption?.[way]
    const kept = Object.entries(headers).filter(([name]) => {
      const isKept = KEPT.test(name) || (server.lies.keepsRequest === true && name.startsWith('x-amz-'))
      if (!isKept || name === `${SSE}-customer-key`) return false
      if (dropsMetadata && name.startsWith('x-amz-meta-')) return false
      return manner !== 'dropped' || !name.startsWith(SSE)
    })
    const object: StoredObject = { body, headers: Object.fromEntries(kept), version: versions ? randomUUID() : 'null' }
    if (manner === undefined) object.customerKey = headers[KEY_MD5]
    if (otherKmsKey !== undefined && headers[`${SSE}-aws-kms-key-id`] !== undefined) {
      object.headers[`${SSE}-aws-kms-key-id`] = otherKmsKey
    }
    const before = versions ? (objects.get(path) ?? []) : []
    objects.set(path, [...before, object])
    return [object, silent ? versionOf(object) : { ...sseOf(object), ...versionOf(object) }]
  }
  const versionOf = ({ version }: StoredObject): Record<string, string> =>
    server.lies.versions ? { 'x-amz-version-id': version } : {}

  /** Null: the write may go on. */
  function conditionOf(way: Way, path: string, headers: Record<string, string>): [number, string] | null {
    const { 'if-none-match': none, 'if-match': match } = headers
    if (none === undefined && match === undefined) return null
    if (server.lies.conditions?.[way] === 'overlooked') return null
    if (server.lies.conditions?.[way] === 'refused') return [501, 'NotImplemented']
    const there = current(path)
    if (none === '*' && there !== undefined) return [412, 'PreconditionFailed']
    if (match !== undefined && there === undefined) return [404, 'NoSuchKey']
    return match !== undefined && there !== undefined && match !== etagOf(there.body)
      ? [412, 'PreconditionFailed']
      : null
  }

  async function answer(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const url = new URL(incoming.url ?? '/', 'http://localhost')
    const query = url.searchParams
    const path = url.pathname.slice(1).split('/').map(decodeURIComponent).join('/')
    const headers = incoming.headers as Record<string, string>
    const method = incoming.method ?? ''
    const source = headers['x-amz-copy-source']
    const body = await buffer(incoming)
    const [bucket = '', ...rest] = path.split('/')
    const key = rest.join('/')
    const names = [...query.keys()].filter((name) => name !== 'x-id').join('&')
    log.push(`${method} /${path}${names === '' ? '' : `?${names}`}${source === undefined ? '' : ' copy'}`)
    const end = (status: number, extra: object = {}, content: Buffer | string = ''): void =>
      void outgoing.writeHead(status, { 'x-amz-request-id': 'LIAR', ...extra }).end(method === 'HEAD' ? '' : content)
    const fail = (status: number, code: string): void =>
      end(status, {}, `<Error><Code>${code}</Code><Message>${code} of the test.</Message></Error>`)
    const { denied = [], unsupported = [] } = server.lies

    if (key === '') {
      answerBucket()
      return
    }
    if (denied.includes(method)) {
      fail(403, 'AccessDenied')
      return
    }
    if (source !== undefined && unsupported.includes('copy')) {
      fail(501, 'NotImplemented')
      return
    }
    if (denied.includes('ACL') && query.has('acl')) {
      fail(403, 'AccessDenied')
      return
    }
    if (denied.includes('TAGS') && query.has('tagging')) {
      fail(403, 'AccessDenied')
      return
    }
    if (query.has('tagging')) {
      end(200, {}, '<Tagging><TagSet></TagSet></Tagging>')
      return
    }
    if (query.has('acl')) {
      end(
        200,
        {},
        `<AccessControlPolicy><Owner><ID>me</ID></Owner><AccessControlList>${grant('FULL_CONTROL', '<ID>me</ID>')}${server.lies.grants ?? ''}</AccessControlList></AccessControlPolicy>`,
      )
      return
    }
    if (method === 'POST') {
      answerPost()
      return
    }
    if (method === 'PUT') {
      answerPut()
      return
    }
    if (method === 'DELETE') {
      answerDelete()
      return
    }
    answerRead()
    return

    function answerBucket(): void {
      if (query.has('versioning')) {
        const status = server.lies.versions ? '<Status>Enabled</Status>' : ''
        return end(200, {}, `<VersioningConfiguration>${status}</VersioningConfiguration>`)
      }
      if (method === 'GET' && query.has('list-type')) {
        if (denied.includes('LIST')) return fail(403, 'AccessDenied')
        const prefix = `${bucket}/${query.get('prefix') ?? ''}`
        const found = [...objects.keys()]
          .filter((name) => name.startsWith(prefix) && current(name) !== undefined)
          .sort()
        const lines = found.map((name) => {
          const { body: bytes } = current(name) as StoredObject
          const its = name.slice(bucket.length + 1)
          return `<Contents><Key>${encodeURIComponent(its)}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified><ETag>${etagOf(bytes)}</ETag><Size>${bytes.length}</Size></Contents>`
        })
        const head = `<Name>${bucket}</Name><EncodingType>url</EncodingType><IsTruncated>false</IsTruncated>`
        return end(200, {}, `<ListBucketResult>${head}${lines.join('')}</ListBucketResult>`)
      }
      if (query.has('uploads'))
        return end(200, {}, `<ListMultipartUploadsResult><Bucket>${bucket}</Bucket></ListMultipartUploadsResult>`)
      if (query.has('encryption')) return fail(404, 'ServerSideEncryptionConfigurationNotFoundError')
      return end(200)
    }

    function answerPost(): void {
      if (query.has('uploads')) {
        const id = randomUUID()
        uploads.set(id, { path, headers, parts: new Map() })
        return end(200, {}, `<InitiateMultipartUploadResult><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`)
      }
      const upload = uploads.get(query.get('uploadId') ?? '')
      if (upload === undefined) return fail(404, 'NoSuchUpload')
      const refused = conditionOf('multipart', path, headers)
      if (refused !== null) return fail(...refused)
      const whole = Buffer.concat([...upload.parts].sort(([one], [other]) => one - other).map(([, part]) => part))
      const [object, told] = store(path, 'multipart', whole, upload.headers)
      const xml = `<CompleteMultipartUploadResult><ETag>${etagOf(object.body)}</ETag></CompleteMultipartUploadResult>`
      return end(200, told, xml)
    }

    function answerPut(): void {
      if (query.has('partNumber')) {
        uploads.get(query.get('uploadId') ?? '')?.parts.set(Number(query.get('partNumber')), body)
        return end(200, { etag: etagOf(body) })
      }
      if (server.lies.claimsAnything !== true && isImpossible(headers)) return fail(400, 'InvalidArgument')
      const way = source === undefined ? 'put' : 'copy'
      const refused = conditionOf(way, path, headers)
      if (refused !== null) return fail(...refused)
      if (source === undefined) {
        const [object, told] = store(path, 'put', body, { ...mixedInto('put'), ...headers })
        return end(200, { etag: etagOf(object.body), ...told })
      }
      const from = current(decodeURIComponent(source.split('?')[0] ?? ''))
      if (from === undefined) return fail(404, 'NoSuchKey')
      const [object, told] = store(path, 'copy', from.body, { ...mixedInto('copy', from), ...headers })
      return end(200, told, `<CopyObjectResult><ETag>${etagOf(object.body)}</ETag></CopyObjectResult>`)
    }

    function mixedInto(way: 'put' | 'copy', from?: StoredObject): Record<string, string> {
      const mixes = server.lies.mixesMetadata?.[way]
      const other = mixes === 'source' ? from : mixes === 'target' ? current(path) : undefined
      return Object.fromEntries(Object.entries(other?.headers ?? {}).filter(([name]) => name.startsWith('x-amz-meta-')))
    }

    function answerDelete(): void {
      if (current(path)?.headers['x-amz-object-lock-legal-hold'] === 'ON') {
        fail(403, 'AccessDenied')
        return
      }
      if (query.has('uploadId')) uploads.delete(query.get('uploadId') ?? '')
      else {
        const version = query.get('versionId')
        const left = (objects.get(path) ?? []).filter((object) => version !== null && object.version !== version)
        if (left.length === 0) objects.delete(path)
        else objects.set(path, left)
      }
      return end(204)
    }

    function answerRead(): void {
      const version = query.get('versionId')
      const object = version === null ? current(path) : objects.get(path)?.find((each) => each.version === version)
      if (object === undefined) return fail(404, 'NoSuchKey')
      if (object.customerKey !== undefined && headers[KEY_MD5] !== object.customerKey) {
        const message =
          'The object was stored using a form of Server Side Encryption. The correct parameters must be provided.'
        return end(400, {}, `<Error><Code>InvalidRequest</Code><Message>${message}</Message></Error>`)
      }
      const told = {
        ...object.headers,
        ...versionOf(object),
        etag: etagOf(object.body),
        'last-modified': new Date().toUTCString(),
      }
      const [, first = '', last = ''] = /^bytes=(\d+)-(\d*)$/.exec(headers.range ?? '') ?? []
      if (first === '' || object.body.length === 0)
        return end(200, { ...told, 'content-length': object.body.length }, object.body)
      const part = object.body.subarray(Number(first), last === '' ? undefined : Number(last) + 1)
      const range = `bytes ${first}-${Number(first) + part.length - 1}/${object.body.length}`
      return end(206, { ...told, 'content-length': part.length, 'content-range': range }, part)
    }
  }

  const http = createServer((incoming, outgoing) => void answer(incoming, outgoing))
  http.on('checkContinue', (incoming: IncomingMessage, outgoing: ServerResponse) => {
    if (server.lies.refusesExpect) {
      log.push(`EXPECT ${incoming.url ?? ''}`)
      outgoing.writeHead(417, { connection: 'close', 'content-length': 0 }).end()
      return
    }
    outgoing.writeContinue()
    void answer(incoming, outgoing)
  })
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  const endpoint = `http://127.0.0.1:${(http.address() as AddressInfo).port}`
  server.connection = {
    endpoint,
    kmsEndpoint: endpoint,
    region: 'us-east-1',
    pathStyle: true,
    caBundle: undefined,
    checksums: 'when-required',
    credentials: { kind: 'keys', accessKeyId: 'liar', secretAccessKey: 'liar' },
  }
  return server
}

/** True for an encryption, or a KMS key, that does not exist. */
function isImpossible(headers: Record<string, string>): boolean {
  const unknownKey = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(headers[`${SSE}-aws-kms-key-id`] ?? '')
  return headers[SSE] === 'coffer-test' || unknownKey
}

function sseOf({ headers }: StoredObject): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith(SSE)))
}

function etagOf(body: Buffer): string {
  return `"${createHash('md5').update(body).digest('hex')}"`
}

/** One entry of an access list. */
export function grant(permission: string, grantee: string): string {
  return `<Grant><Grantee>${grantee}</Grantee><Permission>${permission}</Permission></Grant>`
}
