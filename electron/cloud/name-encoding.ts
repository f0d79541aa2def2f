import { ListObjectsV2Command, type S3Client } from '@aws-sdk/client-s3'
import { isCofferError } from '../base/errors.ts'
import { decodeName, isAmbiguous, isSurelyRaw, NAME_ENCODINGS, type NameEncoding } from './listed-names.ts'
import { send } from './send.ts'

/** Keeps what was found of a place's server for the next time. */
export interface NameMemory {
  get(): NameEncoding | null
  set(encoding: NameEncoding): void
}

/** How one server may encode names, the likeliest first, as far as it is known. */
interface Knowledge {
  candidates: readonly NameEncoding[]
  memory: NameMemory
  /** How many names may still be looked up. */
  lookups: number
}

/** Names that are looked up before Coffer goes by what is likeliest: objects may be gone, or not be listed alone. */
const MOST_LOOKUPS = 8

const NOTHING_KEPT: NameMemory = { get: () => null, set: () => undefined }

const known = new WeakMap<S3Client, Knowledge>()

/** Amazon's own encoding holds for this client's server; nothing is looked up. */
export function trustNames(s3: S3Client): void {
  known.set(s3, { candidates: ['form'], memory: NOTHING_KEPT, lookups: 0 })
}

/** What is found of this client's server is kept, and what was kept is tried first. */
export function rememberNames(s3: S3Client, memory: NameMemory): void {
  // Without an endpoint of its own it is Amazon S3.
  if (s3.config.endpoint === undefined) return trustNames(s3)
  known.set(s3, { candidates: likeliestFirst(memory.get() ?? 'form'), memory, lookups: MOST_LOOKUPS })
}

function likeliestFirst(first: NameEncoding): NameEncoding[] {
  return [first, ...NAME_ENCODINGS.filter((encoding) => encoding !== first)]
}

/**
 * How the names of one answer are encoded that says `EncodingType url`. Servers exist that say so and encode nothing, or a
 * space in another way; a name that they list and that is decoded as Amazon S3 encodes it names no object. So where a name
 * would be different in another encoding, it is looked up, once a server. Throws CANCELLED.
 */
export async function encodingOf(
  s3: S3Client,
  bucket: string,
  names: readonly string[],
  signal: AbortSignal,
): Promise<NameEncoding> {
  const server = knowledgeOf(s3)
  if (server.candidates.length > 1 && names.some(isSurelyRaw)) settle(server, ['raw'])
  for (const name of names) {
    if (server.candidates.length < 2 || server.lookups < 1) break
    if (isAmbiguous(name)) await lookUp(s3, server, bucket, name, signal)
  }
  return server.candidates[0] ?? 'form'
}

function knowledgeOf(s3: S3Client): Knowledge {
  const server = known.get(s3)
  if (server !== undefined) return server
  rememberNames(s3, NOTHING_KEPT)
  return knowledgeOf(s3)
}

function settle(server: Knowledge, candidates: readonly NameEncoding[]): void {
  const [first] = candidates
  if (first !== undefined && first !== server.candidates[0]) server.memory.set(first)
  server.candidates = candidates
}

/** Keeps the candidates in whose reading the name is there. */
async function lookUp(s3: S3Client, server: Knowledge, bucket: string, name: string, signal: AbortSignal) {
  const readings = Map.groupBy(server.candidates, (encoding) => decodeName(name, encoding))
  if (readings.size < 2) return
  server.lookups -= 1
  for (const [reading, encodings] of readings) {
    if (!(await isListed(s3, bucket, reading, signal))) continue
    // Where a space is %20, it is not `+`.
    settle(server, name.includes('%20') ? encodings.filter((encoding) => encoding !== 'form') : encodings)
    return
  }
}

/** A listing tells it: whoever has got this far may list, and need not be allowed to read. */
async function isListed(s3: S3Client, bucket: string, name: string, signal: AbortSignal): Promise<boolean> {
  const command = new ListObjectsV2Command({ Bucket: bucket, Prefix: name, MaxKeys: 1 })
  try {
    const { Contents = [] } = await send(s3, command, signal)
    return Contents.some(({ Key }) => Key === name || (name.endsWith('/') && Key?.startsWith(name) === true))
  } catch (error) {
    if (isCofferError(error, 'CANCELLED')) throw error
    return false
  }
}
