import type { ModeId } from '../base/mode-names.ts'
import type { Connection } from './connection.ts'

/** How an object came to be written. Each is code of its own in a server, and one may encrypt where another does not. */
export type WriteWay = 'put' | 'multipart' | 'copy'

/**
 * What the test of a place has found its server really to do. Plain data: it is stored with the place and handed to worker
 * threads. What is left out was not tried, or could not be told.
 */
export interface TestedBehaviour {
  /**
   * True: an object that was written in this way was encrypted as asked for. False: it was stored in the clear, under another
   * key, or the server takes whatever it is asked for.
   */
  encrypts?: Partial<Record<ModeId, Partial<Record<WriteWay, boolean>>>> | undefined
  /**
   * True: it says that it encrypted an object in a way, or under a KMS key, that does not exist. Then what it says of other
   * objects is worth nothing.
   */
  claimsFalsely?: boolean | undefined
  /** False: user metadata is lost, changed, or mixed with that of the object that was there before. */
  keepsMetadata?: boolean | undefined
  /** `If-None-Match: *` keeps what is there from being overwritten, at PutObject and at CompleteMultipartUpload. */
  keepsIfNoneMatch?: Partial<Record<'put' | 'multipart', boolean>> | undefined
}

/** The server behind a place, as far as its answers are to be believed. Plain data. */
export interface ServerBehaviour {
  /** For a person: `Amazon S3`, `This computer`, or the endpoint's host. */
  name: string
  /** Amazon's and This computer do what the documentation of S3 says; of others only what was seen of them counts. */
  kind: 'amazon' | 'this-computer' | 'foreign'
  /** Undefined: the place was not tested. */
  tested?: TestedBehaviour | undefined
}

/** The server that a connection leads to, and what its place's test has found, if there was one. */
export function behaviourOf(
  { endpoint }: Pick<Connection, 'endpoint'>,
  isThisComputer: boolean,
  tested?: TestedBehaviour,
): ServerBehaviour {
  if (isThisComputer) return { name: 'This computer', kind: 'this-computer' }
  if (endpoint === undefined || isAmazon(endpoint)) return { name: 'Amazon S3', kind: 'amazon' }
  return { name: URL.canParse(endpoint) ? new URL(endpoint).host : endpoint, kind: 'foreign', tested }
}

/** True for an address of Amazon's own: https://docs.aws.amazon.com/general/latest/gr/s3.html. */
export function isAmazon(endpoint: string): boolean {
  if (!URL.canParse(endpoint)) return false
  return /\.amazonaws\.(?:com(?:\.cn)?|eu)$/.test(new URL(endpoint).hostname)
}

/** True if what the server answers to such a write tells truly how the object is encrypted, so that nothing else need be asked. */
export function answersAreTrue({ kind, tested }: ServerBehaviour, mode: ModeId, way: WriteWay): boolean {
  return kind !== 'foreign' || tested?.encrypts?.[mode]?.[way] === true
}

/** True if the place's test has found that such a write is not encrypted as it is asked to be. */
export function isKnownNotToEncrypt({ kind, tested }: ServerBehaviour, mode: ModeId, way: WriteWay): boolean {
  return kind === 'foreign' && tested?.encrypts?.[mode]?.[way] === false
}

/** Whether user metadata comes back as it was written; undefined: it is not known. */
export function keepsMetadata({ kind, tested }: ServerBehaviour): boolean | undefined {
  return kind === 'foreign' ? tested?.keepsMetadata : true
}

/** Whether `If-None-Match: *` keeps what is there from being overwritten; undefined: it is not known. */
export function keepsIfNoneMatch(
  { kind, tested }: ServerBehaviour,
  way: Exclude<WriteWay, 'copy'>,
): boolean | undefined {
  return kind === 'foreign' ? tested?.keepsIfNoneMatch?.[way] : true
}
