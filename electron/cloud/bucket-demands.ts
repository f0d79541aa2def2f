import type { S3Client } from '@aws-sdk/client-s3'
import * as z from 'zod'

const demands = z.object({
  contentMd5: z.boolean().optional(),
  encryption: z.enum(['AES256', 'aws:kms', 'aws:kms:dsse']).optional(),
  kmsKeyId: z.string().optional(),
})

/**
 * What a bucket demands of each write besides what was asked for. `contentMd5`: a Content-MD5, as Object Lock does on servers
 * without the newer checksums. `encryption`: a header by which S3 encrypts what is encrypted here already, as bucket
 * policies do. `kmsKeyId` goes with it.
 */
export type BucketDemands = z.infer<typeof demands>

/** Keeps what was found out of a place's buckets for the next time. */
export interface DemandMemory {
  get(bucket: string): BucketDemands
  all(): Record<string, BucketDemands>
  set(bucket: string, demands: BucketDemands): void
}

const memories = new WeakMap<S3Client, DemandMemory>()

/** What is learned with this client is kept by `memory`, and what that knows holds from the first write on. */
export function rememberDemands(s3: S3Client, memory: DemandMemory): void {
  memories.set(s3, memory)
}

/** Of a client without a store, what is learned ends with it. */
export function demandMemory(s3: S3Client): DemandMemory {
  const known = memories.get(s3)
  if (known !== undefined) return known
  const memory = memoryOf({}, () => undefined)
  memories.set(s3, memory)
  return memory
}

/** What is known of buckets; `keep` is called with all of it when something is learned. */
export function memoryOf(
  known: Record<string, BucketDemands>,
  keep: (all: Record<string, BucketDemands>) => void,
): DemandMemory {
  const here = new Map(Object.entries(known))
  const all = () => Object.fromEntries(here)
  return {
    get: (bucket) => here.get(bucket) ?? NOTHING,
    all,
    set(bucket, learned) {
      here.set(bucket, learned)
      keep(all())
    },
  }
}

const NOTHING: BucketDemands = {}

/** Reads what was stored of all buckets of a place; nothing of what it does not understand. */
export function readDemands(value: unknown): Record<string, BucketDemands> {
  return z.record(z.string(), demands).safeParse(value).data ?? {}
}
