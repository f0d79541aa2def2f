import { createHash, hash } from 'node:crypto'
import { hmac } from '../../base/hkdf.ts'

/** What AWS's Signature Version 4 signs with; as the SDK's providers give it. */
export interface Signer {
  accessKeyId: string
  secretAccessKey: string
  sessionToken?: string | undefined
}

/** One request, as far as its signature covers it. */
export interface Signable {
  method: string
  /** As it goes over the wire: each segment is encoded once. */
  path: string
  /** Sorted by name. */
  query: readonly (readonly [string, string])[]
  /** Names in lower case, `host` among them. All are signed. */
  headers: Record<string, string>
  /** SHA-256 of the body, in hex. */
  payload: string
}

/** When and where the signature holds. */
export interface Scope {
  at: Date
  region: string
  service: string
}

const ALGORITHM = 'AWS4-HMAC-SHA256'

/**
 * The headers that sign a request, `x-amz-date` and `authorization` among them (AWS Signature Version 4 for Amazon S3,
 * "Authenticating requests: using the Authorization header"). They come on top of the headers given.
 */
export function signedHeaders(request: Signable, signer: Signer, scope: Scope): Record<string, string> {
  const time = scope.at.toISOString().replace(/[-:]|\.\d{3}/g, '')
  const headers: Record<string, string> = {
    ...request.headers,
    'x-amz-content-sha256': request.payload,
    'x-amz-date': time,
    ...(signer.sessionToken === undefined ? {} : { 'x-amz-security-token': signer.sessionToken }),
  }
  const names = Object.keys(headers).sort()
  const signed = names.join(';')
  const lines = names.map((name) => `${name}:${canonical(headers[name] ?? '')}\n`).join('')
  const canonicalRequest = [
    request.method,
    request.path,
    queryText(request.query),
    lines,
    signed,
    request.payload,
  ].join('\n')
  const credential = `${time.slice(0, 8)}/${scope.region}/${scope.service}/aws4_request`
  const key = signingKey(signer, time.slice(0, 8), scope)
  const toSign = [ALGORITHM, time, credential, hash('sha256', canonicalRequest)].join('\n')
  const signature = hmac('sha256', key, Buffer.from(toSign)).toString('hex')
  headers.authorization = `${ALGORITHM} Credential=${signer.accessKeyId}/${credential}, SignedHeaders=${signed}, Signature=${signature}`
  return headers
}

/** SHA-256, in hex, of everything given, one after the other. */
export function sha256Hex(...pieces: readonly (string | Uint8Array)[]): string {
  const [only, ...more] = pieces
  if (only !== undefined && more.length === 0) return hash('sha256', only)
  const digest = createHash('sha256')
  for (const piece of pieces) digest.update(piece)
  return digest.digest('hex')
}

/** A query as it is signed and as it goes over the wire. */
export function queryText(query: Signable['query']): string {
  return query.map(([name, value]) => `${encode(name)}=${encode(value)}`).join('&')
}

/** RFC 3986's unreserved characters stay; everything else is encoded as UTF-8. */
export function encode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
}

function canonical(value: string): string {
  return value.trim().replace(/\s+/g, ' ')
}

/** The last key derived for each set of credentials: it changes once a day. */
const derived = new WeakMap<Signer, { scope: string; key: Buffer }>()

function signingKey(signer: Signer, day: string, { region, service }: Scope): Buffer {
  const scope = `${day}/${region}/${service}`
  const known = derived.get(signer)
  if (known?.scope === scope) return known.key
  const key = [day, region, service, 'aws4_request'].reduce<Buffer>(
    (secret, word) => hmac('sha256', secret, Buffer.from(word)),
    Buffer.from(`AWS4${signer.secretAccessKey}`),
  )
  derived.set(signer, { scope, key })
  return key
}
