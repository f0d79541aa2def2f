import type { KeyObject } from 'node:crypto'
import type { KeyPurpose } from '../base/key-purpose.ts'
import type { BucketDemands } from '../cloud/bucket-demands.ts'
import type { Connection } from '../cloud/connection.ts'
import type { KeyInfo } from '../keys/keyring.ts'
import type { CatalogEntry } from '../store/catalog.ts'
import type { KeptFailure } from '../store/transfer-items.ts'
import type { GetRequest, GetResult, PutRequest, PutResult, Vault } from './vault.ts'

/* What passes between the main thread and the one that moves small files. */

/** What the thread is started with. */
export type SmallBench = Pick<Vault, 'place' | 'makesBuckets' | 'server'> & {
  connection: Connection
  /** What is known of the place's buckets when it is opened. */
  demands?: Record<string, BucketDemands>
}

/** One file to be put. */
export interface PutOrder extends Omit<PutRequest, 'source'> {
  what: 'put'
  id: number
  path: string
}

/** One object to be brought back. */
export interface GetOrder extends GetRequest {
  what: 'get'
  id: number
  /** Where its content goes first. */
  temporary: string
  /** What the catalog knows of it. */
  known: CatalogEntry | null
}

export type SmallOrder = PutOrder | GetOrder

/** How an order ended: well, or with a failure, or not at all: it is none that the thread takes. */
export type SmallEnd = { id: number } & (
  | { put: PutResult; entry: CatalogEntry | undefined; modified: number }
  | { got: GetResult; entry: CatalogEntry | undefined; etag: string }
  | { failure: KeptFailure }
  | { declined: true }
)

/** A question to the key ring, which stays in the main thread. */
export type KeyQuestion =
  | { id: number; what: 'list' }
  | { id: number; what: 'find'; key: string }
  /** What is lent is the thread's to zero. */
  | { id: number; what: 'lend'; key: string; purpose: KeyPurpose }
  | { id: number; what: 'claim'; key: string; purpose: KeyPurpose }

export type KeyAnswer = { id: number } & (
  | { found: KeyInfo[] }
  | { secret: Uint8Array }
  | { publicKey: KeyObject; kind: 'rsa-pair' | 'rsa-public' }
  | { failure: KeptFailure }
)

export type ToThread =
  | { kind: 'orders'; orders: SmallOrder[] }
  | { kind: 'stop'; id: number; reason: KeptFailure }
  | { kind: 'key'; answer: KeyAnswer }

export type FromThread =
  | { kind: 'ready' }
  /** JSON of `SmallEnd[]`: a journey is many small texts, of which a structured clone costs several times as much. */
  | { kind: 'ends'; ends: string }
  /** What a bucket turned out to demand of each write. */
  | { kind: 'demands'; bucket: string; demands: BucketDemands }
  | { kind: 'key'; question: KeyQuestion }
