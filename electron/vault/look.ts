import {
  GetObjectTaggingCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  type HeadObjectCommandOutput,
} from '@aws-sdk/client-s3'
import { CofferError, isCofferError } from '../base/errors.ts'
import { isClientSide } from '../base/mode-names.ts'
import { send } from '../cloud/send.ts'
import { withSize } from '../cloud/size-of-object.ts'
import { instructionNeed } from '../envelope/parse.ts'
import { customerKeyFields, KEY_MARK } from '../modes/customer-keys.ts'
import { findCustomerKey, type FoundCustomerKey } from '../modes/find-customer-key.ts'
import type { CustomerKeyFields, ModeEnv, ModeOptions, ObjectFacts } from '../modes/mode.ts'
import { requirePurpose } from '../keys/purpose.ts'
import type { CatalogEntry } from '../store/catalog.ts'
import { hasAskedForKey, noteAskedForKey } from './customer-key-proof.ts'
import { instructionKey, readInstruction, readInstructionOfVersion } from './instruction-files.ts'
import { isKnownAsSealed } from './missing-seal.ts'
import { restoreEnvelope } from './remembered-envelope.ts'
import type { Vault } from './vault.ts'

/** One object to be looked at. */
export interface Wanted {
  bucket: string
  key: string
  versionId?: string | undefined
  options: ModeOptions
  /** Whether a foreign server asks for a customer's key is to be seen of this very object. Off unless told. */
  asksWithoutKey?: boolean | undefined
}

/** What is known of an object without its body. */
export interface Looked {
  facts: ObjectFacts
  /** S3's own answer, for what the facts do not tell; undefined if S3 does not answer without a customer key. */
  head: HeadObjectCommandOutput | undefined
}

/** What a mode needs, out of a vault and one operation's signal. */
export function envOf({ s3, kms, keys }: Vault, signal: AbortSignal): ModeEnv {
  return { s3, kms, keys, signal }
}

/**
 * Sends HEAD. If the server says that this object needs its customer key (SSE-C), retries with the key that is named, else
 * with the catalog's or the tag's, else with each key of the ring; the one that opens it is remembered. A bare 400 is not
 * enough: no key is sent before the server has said so in words. Throws OBJECT_NOT_FOUND, BUCKET_NOT_FOUND, KEY_WRONG for a named key that does not open it, and what `send`
 * throws.
 */
export async function look(vault: Vault, wanted: Wanted, signal: AbortSignal, ask: Ask = askHead): Promise<Looked> {
  const known = vault.catalog.recall(vault.place, wanted.bucket, wanted.key)
  const found =
    (await withRememberedKey(vault, wanted, known, signal, ask)) ?? (await withoutKey(vault, wanted, signal, ask))
  if (found === null)
    return { facts: { ...unknownFacts(wanted), isClaim: vault.server.kind === 'foreign' }, head: undefined }
  const facts = factsOf(wanted, found.head, found.keyId)
  facts.isClaim = vault.server.kind === 'foreign'
  if (vault.server.tested?.claimsFalsely === true) {
    facts.serverSideEncryption = undefined
    facts.kmsKeyId = undefined
  }
  const isKnown = known?.etag === facts.etag
  if (isKnown) facts.rememberedKeyId = known.keyId
  const isPlain = isKnown && !isClientSide(known.mode)
  facts.instruction = await fetchInstruction(vault, wanted, { facts, isPlain }, signal)
  restoreEnvelope(facts, known)
  return { facts, head: found.head }
}

/** One question about an object, with a customer's key or none; the answer is HEAD's. Throws what `send` throws. */
export type Ask = (
  vault: Vault,
  wanted: Wanted,
  customerKey: CustomerKeyFields,
  signal: AbortSignal,
) => Promise<HeadObjectCommandOutput>

interface Answered {
  head: HeadObjectCommandOutput
  keyId: string | undefined
}

/** The catalog saves the question without a key, to which the answer would be no. */
async function withRememberedKey(
  vault: Vault,
  wanted: Wanted,
  known: CatalogEntry | null,
  signal: AbortSignal,
  ask: Ask,
): Promise<Answered | null> {
  if (known?.mode !== 'sse-c' || known.keyId === undefined || wanted.options.key !== undefined) return null
  // One that does not ask for the key has not encrypted with it.
  if (vault.server.kind === 'foreign' && (wanted.asksWithoutKey === true || !hasAskedForKey(vault))) return null
  try {
    const customerKey = await customerKeyFields(vault.keys, known.keyId)
    const head = await ask(vault, wanted, customerKey, signal)
    // Servers exist that overlook a key they have no use for: then it must at least be the object that was remembered.
    const isOurs = head.SSECustomerAlgorithm !== undefined || head.ETag === known.etag
    return isOurs ? { head, keyId: known.keyId } : null
  } catch (error) {
    if (isMistakenKey(error)) return null
    throw error
  }
}

/** The object is another one by now, or the key is gone; both show again on the long way. */
function isMistakenKey(error: unknown): boolean {
  return ['KEY_WRONG', 'KEY_NOT_FOUND', 'KEY_PURPOSE', 'INVALID_INPUT'].some(
    (code) => isCofferError(error) && error.code === code,
  )
}

async function withoutKey(vault: Vault, wanted: Wanted, signal: AbortSignal, ask: Ask): Promise<Answered | null> {
  try {
    return { head: await ask(vault, wanted, {}, signal), keyId: undefined }
  } catch (error) {
    if (!isCofferError(error, 'CUSTOMER_KEY_NEEDED')) throw await naming(vault, wanted.bucket, error, signal)
    noteAskedForKey(vault)
  }
  const found = await customerKeyFor(vault, wanted, signal)
  if (found === null) return null
  remember(vault, wanted, found)
  return found
}

async function customerKeyFor(vault: Vault, wanted: Wanted, signal: AbortSignal): Promise<FoundCustomerKey | null> {
  if (wanted.options.key === undefined) {
    const known = vault.catalog.recall(vault.place, wanted.bucket, wanted.key)
    // An object that was sealed here needs no key at S3. Whoever says so wants the key.
    if (isKnownAsSealed(known, 'sse-c')) return null
    const likely = [known?.keyId, await markedKey(vault, wanted, signal)]
    return findCustomerKey(envOf(vault, signal), wanted, likely)
  }
  const info = await vault.keys.find(wanted.options.key)
  const { id } = info
  if (info.purpose === 'cse') throw keyStaysHere(wanted, id)
  requirePurpose(info, 'sse-c')
  const customerKey = await customerKeyFields(vault.keys, id)
  return { keyId: id, customerKey, head: await askHead(vault, wanted, customerKey, signal) }
}

function keyStaysHere({ bucket, key }: Wanted, keyId: string): CofferError {
  return new CofferError(
    'KEY_WRONG',
    `The server asks for the key of s3://${bucket}/${key}; the one that was named encrypts files here, and is never sent.`,
    {
      hint: 'If the object is under SSE-C, name the key it was written with. If it should not be, do not trust the server.',
      facts: { keyId },
    },
  )
}

export async function askHead(
  { s3 }: Vault,
  { bucket, key, versionId }: Wanted,
  customerKey: CustomerKeyFields,
  signal: AbortSignal,
): Promise<HeadObjectCommandOutput> {
  const which = { Bucket: bucket, Key: key, VersionId: versionId, ...customerKey }
  return withSize(s3, await send(s3, new HeadObjectCommand(which), signal), which, signal)
}

/** HEAD says 404 for a missing object and a missing bucket alike. */
async function naming(vault: Vault, bucket: string, error: unknown, signal: AbortSignal): Promise<unknown> {
  if (!isCofferError(error, 'OBJECT_NOT_FOUND')) return error
  try {
    await send(vault.s3, new HeadBucketCommand({ Bucket: bucket }), signal)
    return error
  } catch (bucketError) {
    return isCofferError(bucketError, 'BUCKET_NOT_FOUND') ? bucketError : error
  }
}

/** The tag that names the key; best effort, for reading tags is a permission of its own. */
async function markedKey(vault: Vault, wanted: Wanted, signal: AbortSignal): Promise<string | undefined> {
  const tags = await readTags(vault, wanted, signal)
  return tags?.[KEY_MARK]
}

/** An object's tags; undefined if they cannot be read here. */
async function readTags(
  { s3 }: Vault,
  { bucket, key, versionId }: Omit<Wanted, 'options'>,
  signal: AbortSignal,
): Promise<Record<string, string> | undefined> {
  try {
    const command = new GetObjectTaggingCommand({ Bucket: bucket, Key: key, VersionId: versionId })
    const { TagSet = [] } = await send(s3, command, signal)
    return Object.fromEntries(TagSet.map(({ Key = '', Value = '' }) => [Key, Value]))
  } catch (error) {
    if (isCofferError(error, 'CANCELLED')) throw error
    return undefined
  }
}

function remember(vault: Vault, { bucket, key, versionId }: Wanted, { head, keyId }: FoundCustomerKey): void {
  // What was sealed when it was last seen stays remembered as that (refuseMissingSeal).
  const known = vault.catalog.recall(vault.place, bucket, key)
  if (versionId !== undefined || head.ETag === undefined || isKnownAsSealed(known, 'sse-c')) return
  vault.catalog.remember({
    place: vault.place,
    bucket,
    key,
    etag: head.ETag,
    size: head.ContentLength ?? 0,
    mode: 'sse-c',
    keyId,
    format: undefined,
  })
}

/**
 * The envelope that is stored next to an object: where its metadata needs it, and where it has none and is not known as
 * plain. Older clients leave no trace on an object whose envelope is in a file; taken for a plain one, its ciphertext would
 * be saved as if it were the content. One question, the first time, and never of what Coffer wrote itself.
 */
async function fetchInstruction(
  vault: Vault,
  { bucket, key, versionId, options }: Wanted,
  { facts, isPlain }: { facts: ObjectFacts; isPlain: boolean },
  signal: AbortSignal,
): Promise<Record<string, string> | undefined> {
  const need = instructionNeed(facts.metadata)
  const { instructionSuffix } = options
  if (instructionSuffix === null) return undefined
  const claimed = options.key !== undefined || options.allowLegacy === true || instructionSuffix !== undefined
  const mayHold = facts.customerKeyId === undefined && (claimed || (!isPlain && versionId === undefined))
  if (need === 'none' || (need === 'possible' && !mayHold)) return undefined
  try {
    const file = { bucket, key: instructionKey(key, instructionSuffix) }
    if (versionId === undefined) return (await readInstruction(vault.s3, file, signal)) ?? undefined
    return (await readInstructionOfVersion(vault, { ...file, at: facts.lastModified }, signal)) ?? undefined
  } catch (error) {
    if (need === 'possible' && isCofferError(error, 'ACCESS_DENIED')) return undefined
    throw error
  }
}

function factsOf({ bucket, key, versionId }: Wanted, head: HeadObjectCommandOutput, keyId?: string): ObjectFacts {
  if (head.ETag === undefined || head.ContentLength === undefined) {
    throw new CofferError('SERVER', `The server does not tell ETag and size of s3://${bucket}/${key}.`)
  }
  return {
    bucket,
    key,
    versionId: versionId ?? head.VersionId,
    etag: head.ETag,
    size: head.ContentLength,
    lastModified: head.LastModified,
    metadata: lowerCased(head.Metadata ?? {}),
    serverSideEncryption: head.ServerSideEncryption,
    kmsKeyId: head.SSEKMSKeyId,
    bucketKeyEnabled: head.BucketKeyEnabled ?? false,
    needsCustomerKey: false,
    customerKeyId: keyId,
    instruction: undefined,
  }
}

function lowerCased(metadata: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(metadata).map(([name, value]) => [name.toLowerCase(), value]))
}

function unknownFacts({ bucket, key, versionId }: Wanted): ObjectFacts {
  return {
    bucket,
    key,
    versionId,
    etag: '',
    size: 0,
    lastModified: undefined,
    metadata: {},
    serverSideEncryption: undefined,
    kmsKeyId: undefined,
    bucketKeyEnabled: false,
    needsCustomerKey: true,
    instruction: undefined,
  }
}
