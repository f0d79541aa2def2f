import { PutObjectCommand, type S3Client } from '@aws-sdk/client-s3'
import { getEndpointFromInstructions } from '@smithy/core/endpoints'
import type { Pool } from './exchange.ts'
import { encode } from './sign.ts'

/** Where requests go. */
export interface Address {
  protocol: string
  hostname: string
  port: number | undefined
  /** As the header says it. */
  host: string
}

export function addressOf({ protocol, hostname, port, host }: URL): Address {
  return { protocol, hostname, port: port === '' ? undefined : Number(port), host }
}

/** The way to one bucket: where its requests go, and for which region and service they are signed. */
export interface Line extends Address {
  pool: Pool
  /** What comes before an object's key, with the slash. */
  base: string
  region: string
  service: string
}

interface Wired {
  pool: Pool
  lines: Map<string, Promise<Line | null>>
}

const wired = new WeakMap<S3Client, Wired>()

/** Lets the hot calls of this client go over the wire directly, over the client's own connections. */
export function wire(s3: S3Client, pool: Pool): void {
  wired.set(s3, { pool, lines: new Map() })
}

/**
 * The way to a bucket as the client itself would take it. Null for a client that is not wired, and for what is signed in
 * another way than with plain Signature V4 (directory buckets, multi-region access points): the SDK knows how.
 */
export function lineTo(s3: S3Client, bucket: string): Promise<Line | null> {
  const known = wired.get(s3)
  if (known === undefined) return Promise.resolve(null)
  const line = known.lines.get(bucket) ?? resolve(s3, known.pool, bucket)
  known.lines.set(bucket, line)
  line.catch(() => known.lines.delete(bucket))
  return line
}

async function resolve(s3: S3Client, pool: Pool, bucket: string): Promise<Line | null> {
  const parameters = { Bucket: bucket, Key: 'key' }
  const { url, properties } = await getEndpointFromInstructions(parameters, PutObjectCommand, s3.config as never)
  const [scheme] = (properties?.authSchemes ?? []) as { name?: string; signingName?: string; signingRegion?: string }[]
  if (scheme?.name !== 'sigv4') return null
  return {
    pool,
    ...addressOf(url),
    base: url.pathname.endsWith('/') ? url.pathname : `${url.pathname}/`,
    region: scheme.signingRegion ?? (await s3.config.region()),
    service: scheme.signingName ?? 's3',
  }
}

/** An object's path: `..` and doubled slashes are part of its key and stay. */
export function pathOf({ base }: Line, key: string): string {
  return base + key.split('/').map(encode).join('/')
}
