import type { KeyObject } from 'node:crypto'
import type { Connection } from '../cloud/connection.ts'
import type { KeyInfo } from '../keys/keyring.ts'
import type { CatalogEntry } from '../store/catalog.ts'
import type { KeptFailure } from '../store/transfer-items.ts'
import type { PutRequest, PutResult, Vault } from './vault.ts'

/* What passes between the main thread and the one that puts small files. */

/** What the thread is started with. */
export type PutBench = Pick<Vault, 'place' | 'makesBuckets'> & { connection: Connection }

/** One file to be put. */
export interface PutOrder extends Omit<PutRequest, 'source'> {
  id: number
  path: string
}

/** How a put ended: well, or with a failure, or not at all: the file is none that the thread takes. */
export type PutEnd = { id: number } & (
  | { result: PutResult; entry: CatalogEntry | undefined; modified: number }
  | { failure: KeptFailure }
  | { declined: true }
)

/** A question to the key ring, which stays in the main thread. */
export type KeyQuestion =
  | { id: number; what: 'list' }
  | { id: number; what: 'find'; key: string }
  /** What is lent is the thread's to zero. */
  | { id: number; what: 'lend'; key: string }

export type KeyAnswer = { id: number } & (
  | { found: KeyInfo[] }
  | { secret: Uint8Array }
  | { publicKey: KeyObject; kind: 'rsa-pair' | 'rsa-public' }
  | { failure: KeptFailure }
)

export type ToThread =
  | { kind: 'puts'; orders: PutOrder[] }
  | { kind: 'stop'; id: number; reason: KeptFailure }
  | { kind: 'key'; answer: KeyAnswer }

export type FromThread =
  | { kind: 'ready' }
  /** JSON of `PutEnd[]`: a journey is many small texts, of which a structured clone costs several times as much. */
  | { kind: 'ends'; ends: string }
  | { kind: 'key'; question: KeyQuestion }
