import { createHash, createHmac, type BinaryLike, type KeyObject } from 'node:crypto'
import { request as httpRequest } from 'node:http'
import { SignatureV4 } from '@smithy/signature-v4'
import type { LocalCloud } from './localcloud.ts'

/** A request as it goes over the wire. */
export interface WireRequest {
  method: string
  /** With its query, escaped as it shall be sent. */
  path: string
  headers: Record<string, string>
  body?: string | Buffer | undefined
}

export interface WireAnswer {
  status: number
  headers: Record<string, string | string[] | undefined>
  body: string
}

/** SHA-256 and HMAC in the shape that Smithy's signer wants. */
class Sha256 {
  readonly #hash: ReturnType<typeof createHash>

  constructor(secret?: unknown) {
    this.#hash =
      secret === undefined
        ? createHash('sha256')
        : (createHmac('sha256', secret as BinaryLike | KeyObject) as unknown as ReturnType<typeof createHash>)
  }

  update(data: string | Uint8Array): void {
    this.#hash.update(data)
  }

  digest(): Promise<Uint8Array> {
    return Promise.resolve(this.#hash.digest())
  }

  reset(): void {
    throw new Error('not needed')
  }
}

type Credentials = Pick<LocalCloud, 'accessKeyId' | 'secretAccessKey'>

/** AWS's signer for JavaScript, as S3 uses it. */
function signer(credentials: Credentials, region = 'us-east-1', service = 's3', applyChecksum = true): SignatureV4 {
  const { accessKeyId, secretAccessKey } = credentials
  return new SignatureV4({
    credentials: { accessKeyId, secretAccessKey },
    region,
    service,
    sha256: Sha256,
    uriEscapePath: service !== 's3',
    applyChecksum,
  })
}

/** Signs in headers; the payload's hash is the body's unless `x-amz-content-sha256` is given. */
export async function signHeaders(
  cloud: LocalCloud,
  wire: WireRequest,
  options: { date?: Date; region?: string; service?: string; credentials?: Credentials; applyChecksum?: boolean } = {},
): Promise<WireRequest> {
  const { host } = new URL(cloud.endpoint)
  const signed = await signer(
    options.credentials ?? cloud,
    options.region,
    options.service,
    options.applyChecksum,
  ).sign(
    { ...smithyRequest(wire), headers: { host, ...wire.headers }, protocol: 'http:', hostname: '127.0.0.1' },
    { signingDate: options.date ?? new Date() },
  )
  return { ...wire, headers: signed.headers }
}

/** Signs as a URL. */
export async function presign(
  cloud: LocalCloud,
  wire: WireRequest,
  expiresIn: number,
  date = new Date(),
): Promise<WireRequest> {
  const { host } = new URL(cloud.endpoint)
  const signed = await signer(cloud).presign(
    {
      ...smithyRequest(wire),
      headers: { host, 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' },
      protocol: 'http:',
      hostname: '127.0.0.1',
    },
    { expiresIn, signingDate: date },
  )
  const query = Object.entries(signed.query ?? {}).map(
    ([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(String(value))}`,
  )
  return { ...wire, path: `${signed.path}?${query.join('&')}`, headers: { host } }
}

/** Sends exactly what it is given. */
export function send(cloud: LocalCloud, wire: WireRequest): Promise<WireAnswer> {
  const { hostname, port } = new URL(cloud.endpoint)
  return new Promise((resolve, reject) => {
    const request = httpRequest({
      hostname,
      port,
      method: wire.method,
      path: wire.path,
      headers: wire.headers,
      agent: false,
    })
    request.on('error', reject)
    request.on('response', (response) => {
      const pieces: Buffer[] = []
      response.on('data', (piece: Buffer) => pieces.push(piece))
      response.on('error', reject)
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(pieces).toString(),
        }),
      )
    })
    request.end(wire.body)
  })
}

/** The Code element of an S3 error, or the last part of a KMS one. */
export function errorCode(answer: WireAnswer): string {
  return /<Code>(\w+)<\/Code>/.exec(answer.body)?.[1] ?? /"__type":"(\w+)"/.exec(answer.body)?.[1] ?? ''
}

function smithyRequest({ method, path, body }: WireRequest) {
  const [pathname = '/', search = ''] = path.split('?')
  const query = Object.fromEntries([...new URLSearchParams(search)])
  return { method, path: pathname, query, body }
}
