import type { KMSClient } from '@aws-sdk/client-kms'
import type { S3Client } from '@aws-sdk/client-s3'
import type { ServerBehaviour } from '../cloud/behaviour.ts'
import type { KnownFindings } from '../cloud/sub-resources/guard.ts'
import type { Journey } from '../base/journey.ts'
import type { EnvelopeFormat, ModeChoice, ObservedMode } from '../base/mode-names.ts'
import type { KeyRing } from '../keys/keyring.ts'
import type { ModeOptions } from '../modes/mode.ts'
import type { StoredCatalog } from '../store/catalog.ts'
import type { Downloads } from '../store/downloads.ts'
import type { ListedEntry } from '../store/listing/folder-pages.ts'
import type { Uploads } from '../store/uploads.ts'
import type { LastReads } from './last-reads.ts'
import type { SmallThread } from './small-thread.ts'

/** What the vault remembers of objects. */
export type Catalog = Pick<StoredCatalog, 'remember' | 'recall' | 'forget' | 'stored' | 'gone' | 'listing'>

/** An open place: its clients, the person's keys, and what is known of its objects. Every operation takes one. */
export interface Vault {
  /** The place's id in the store; `local` for This computer. */
  place: string
  /** True on This computer, where `put` makes the bucket that is missing. */
  makesBuckets: boolean
  /** What is known of how its server behaves. */
  server: ServerBehaviour
  /** What tests and requests have shown of its server. Without it, what a request learns ends with the client. */
  findings?: KnownFindings | undefined
  s3: S3Client
  kms: KMSClient
  keys: KeyRing
  catalog: Catalog
  /** Without it, a download that is cut off starts over. */
  downloads?: Pick<Downloads, 'keep' | 'temporaryFor' | 'giveUp'> | undefined
  /** The journal of uploads in parts. */
  uploads: Uploads
  /** Without it, what was seen on a read is told once and not remembered. */
  lastReads?: LastReads | undefined
  /** Moves small files beside the event loop; without it, they are moved on it. */
  thread?: SmallThread | undefined
}

/** Bytes done of bytes in all, for one object. */
export type OnProgress = (done: number, total: number) => void

/** How an operation is watched and stopped. */
export interface Watch {
  signal: AbortSignal
  onProgress?: OnProgress | undefined
  /** Asked before bytes leave and after bytes have come; answers when the rate limit lets them pass. */
  throttle?: ((bytes: number) => Promise<void>) | undefined
}

/**
 * Hears what a re-key would leave lying if it were cut off, before it is there, so that a journal can see to it later.
 * What these throw stops the re-key.
 */
export interface RekeyTrace {
  /** New content is about to be written under this key, beside the object. */
  beside(key: string): void
  /** It is not there any more. */
  besideGone(): void
  /** An upload in parts to the object's own key has been opened. */
  uploadOpened(uploadId: string): void
  /** New content is about to be written in the object's own place. */
  replacing(): void
}

/** A property of an object that its re-key cannot keep. */
export interface LostProperty {
  /** In words. */
  what: string
  /** False: it cannot be told whether the object has it. */
  isCertain: boolean
}

/** How a re-key is watched and stopped. */
export interface RekeyWatch extends Watch {
  trace?: RekeyTrace | undefined
  /** Told, before anything is changed, of properties of the object that cannot be kept. */
  onLost?: ((properties: LostProperty[]) => void) | undefined
}

/** How a put is watched and stopped. */
export interface PutWatch extends Watch {
  /** After a failure that may pass, what was sent stays for the next try; else it is removed. A pause leaves it in any case. */
  keep?: boolean | undefined
  /** An upload that was cut off goes on: so many bytes of all are there already. */
  onResumed?: OnProgress | undefined
}

/** A file to be sealed: from disk, or from a stream that a host hands over. Read once, from start to end. */
export interface Source {
  size: number
  /** Milliseconds since 1970; kept in `mtime` metadata as rclone writes it (seconds, nanosecond decimals). */
  mtimeMs: number | undefined
  /** POSIX permission bits, kept in `mode` metadata in octal as rclone writes it. */
  fileMode: number | undefined
  /** Which file it is; undefined for a stream that cannot be read again. */
  file?: FileIdentity | undefined
  /** Chunks in order, any size. Throws CHANGED_WHILE_READ if the file is no longer the one that was described. */
  read(signal: AbortSignal): AsyncIterable<Uint8Array>
}

/** A file on disk, as it was when it was looked at; or one that a host hands over as often as it is asked. */
export interface FileIdentity {
  /** Or its `stream:ID`. */
  path: string
  /** Nanoseconds since 1970. */
  mtimeNs: bigint
  inode: bigint
}

export interface PutRequest {
  source: Source
  bucket: string
  key: string
  mode: ModeChoice
  options: ModeOptions
  /** `refuse`: ALREADY_EXISTS if the key is taken (If-None-Match: *). `replace`: consent was given. */
  overwrite: 'refuse' | 'replace'
}

export interface PutResult {
  bucket: string
  key: string
  mode: ObservedMode
  keyId: string | undefined
  format: EnvelopeFormat | undefined
  /** Plaintext bytes. */
  bytes: number
  storedBytes: number
  seconds: number
  etag: string
  versionId: string | undefined
  journey: Journey
}

export interface GetRequest {
  bucket: string
  key: string
  versionId?: string | undefined
  /** Final path of the file; its folder is made if it is missing. */
  path: string
  /** The folder that a person named, if the path is one below it that the bucket chose: no link leads out of it. */
  root?: string | undefined
  /** Stored bytes, if a listing told. A hint, no more: a small object is then fetched by one request. */
  size?: number | undefined
  options: ModeOptions
  overwrite: 'refuse' | 'replace'
}

export interface GetResult {
  bucket: string
  key: string
  path: string
  mode: ObservedMode
  keyId: string | undefined
  format: EnvelopeFormat | undefined
  bytes: number
  seconds: number
  journey: Journey
}

export type VerifyResult = Omit<GetResult, 'path'> & {
  /** What proved the content: the GCM tag, S3's checksum, or only S3's own word. */
  proof: 'tag' | 'checksum' | 'none'
}

/** One line of a listing; mode and key are from the catalog, never asked of S3 here. */
export type ListEntry = ListedEntry

export interface Inspection {
  bucket: string
  key: string
  versionId: string | undefined
  mode: ObservedMode
  keyId: string | undefined
  format: EnvelopeFormat | undefined
  algorithm: string
  /** Plaintext bytes as far as the format tells without reading. */
  bytes: number | undefined
  storedBytes: number | undefined
  etag: string | undefined
  lastModified: Date | undefined
  metadata: Record<string, string>
  /** How its key will be reached on a read: the steps known without reading the body. */
  journey: Journey
}

export interface RekeyRequest {
  bucket: string
  key: string
  mode: ModeChoice
  /** How to read it now. */
  from: ModeOptions
  /** How it shall be written. */
  to: ModeOptions
}

/* Signatures that the hosts rely on; one file each:
 *   put.ts     put(vault, request: PutRequest, watch: PutWatch): Promise<PutResult>
 *   leftovers.ts  leftovers(vault, bucket?): SavedUpload[]; cleanUp(vault, id, signal): Promise<boolean>
 *   get.ts     get(vault, request: GetRequest, watch): Promise<GetResult>
 *   verify.ts  verify(vault, { bucket, key, versionId?, options }, watch): Promise<VerifyResult>
 *   list.ts    listFolder(vault, { bucket, prefix, recursive }, signal): AsyncIterable<ListEntry>; listBuckets(vault, signal)
 *   refresh.ts refresh(vault, { bucket, prefix, recursive }, signal): AsyncIterable<RefreshProgress>
 *   details.ts details(vault, { bucket, keys }, signal): Promise<ObjectDetails[]>
 *   removed.ts removedIn(vault, { bucket, prefix }, signal): AsyncIterable<RemovedEntry[]>
 *   versions.ts versionsOf, undelete, removeVersion
 *   preview.ts preview(vault, { bucket, key, versionId?, options }, signal): Promise<Preview>
 *   inspect.ts inspect(vault, { bucket, key, versionId?, options }, signal): Promise<Inspection>
 *   remove.ts  remove(vault, { bucket, keys }, signal): Promise<void>
 *   rekey.ts   rekey(vault, request: RekeyRequest, watch: RekeyWatch): Promise<PutResult>
 *   source.ts  fileSource(path): Promise<Source>; walk(path): AsyncIterable<{ path, relativeKey } | { skipped, why }>
 */
