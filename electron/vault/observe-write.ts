import { isClientSide } from '../base/mode-names.ts'
import { answersAreTrue, keepsMetadata } from '../cloud/behaviour.ts'
import { throwIfAborted } from '../cloud/send.ts'
import type { AnswerFields } from '../cloud/wire/fields.ts'
import { headObject } from '../cloud/wire/wire.ts'
import { isEnvelopeName } from '../envelope/names.ts'
import type { ModeOptions, StoredFacts, WritePlan } from '../modes/mode.ts'
import { isPassing } from '../transfers/backoff.ts'
import { opensWithoutKey } from './customer-key-proof.ts'
import { claimsFalsely } from './false-claims.ts'
import { shortfallOf } from './shortfall.ts'
import type { Vault } from './vault.ts'

/** An object that was just written. */
export interface WrittenObject {
  bucket: string
  key: string
  plan: WritePlan
  answer: StoredFacts
  options: ModeOptions
}

/** What an object turned out to be. */
export interface ObservedWrite {
  stored: StoredFacts
  fault: WriteFault | null
}

/** What is wrong with it, in words that follow "and": `metadata`: it cannot be read again; else it lies there in the clear. */
export interface WriteFault {
  kind: 'not-encrypted' | 'metadata'
  what: string
}

/**
 * Compares what a server says of an object that it has just stored with what it was asked for: its answer to the write, and
 * HEAD of the object wherever the answer alone is not known to be true (a server that was not tested, any object in parts).
 * Throws failures of the network where the answer alone is not enough.
 */
export async function observeWrite(vault: Vault, written: WrittenObject, signal: AbortSignal): Promise<ObservedWrite> {
  const { plan } = written
  const { head, stored } = await observe(vault, written, signal)
  const shortfall =
    (await shortfallOf(vault, plan, stored, signal)) ?? (await openShortfall(vault, written, stored, signal))
  if (shortfall !== null) return { stored, fault: { kind: 'not-encrypted', what: shortfall } }
  const disproof = await falseClaim(vault, written, head)
  if (disproof !== null) return { stored: withoutClaim(stored), fault: { kind: 'not-encrypted', what: disproof } }
  const lost = head === null ? null : lostMetadata(plan, head)
  return { stored, fault: lost === null ? null : { kind: 'metadata', what: lost } }
}

/** What a server says of a write, as far as it has to be asked. `head` is null where it was not. */
async function observe(
  vault: Vault,
  written: WrittenObject,
  signal: AbortSignal,
): Promise<{ head: AnswerFields | null; stored: StoredFacts }> {
  const { answer, plan } = written
  const isTrusted = isBelieved(vault, written)
  // A test shows what a server answers; how it keeps an object, only its owner can see.
  const isClaim = vault.server.kind === 'foreign' && plan.sealer === null
  if (isTrusted && answer.way === 'put' && !isSilent(written)) return { head: null, stored: { ...answer, isClaim } }
  const head = await askHead(vault, written, isTrusted, signal)
  const claimed = { ...answer, isClaim }
  if (head === null) return { head, stored: claimed }
  return {
    head,
    stored: {
      ...claimed,
      versionId: answer.versionId ?? head.VersionId,
      serverSideEncryption: head.ServerSideEncryption,
      kmsKeyId: head.SSEKMSKeyId,
      bucketKeyEnabled: head.BucketKeyEnabled,
      customerAlgorithm: head.SSECustomerAlgorithm,
      customerKeyMd5: head.SSECustomerKeyMD5 ?? answer.customerKeyMd5,
    },
  }
}

function isBelieved({ server }: Vault, { plan, answer }: WrittenObject): boolean {
  const { mode } = plan
  if (mode === 'bucket-default') return server.kind !== 'foreign'
  return isClientSide(mode) ? keepsMetadata(server) === true : answersAreTrue(server, mode, answer.way)
}

/** Some servers do not say in their answer how they encrypted. */
function isSilent({ plan, answer }: WrittenObject): boolean {
  return plan.sealer === null && answer.serverSideEncryption === undefined && answer.customerAlgorithm === undefined
}

/**
 * HEAD of what was written. Null where these credentials may not ask, or somebody else has replaced the object already: then
 * the answer to the write is all there is.
 */
async function askHead(
  { s3 }: Vault,
  { bucket, key, plan, answer }: WrittenObject,
  isTrusted: boolean,
  signal: AbortSignal,
): Promise<AnswerFields | null> {
  const which = { Bucket: bucket, Key: key, VersionId: answer.versionId, ...plan.customerKey }
  try {
    const head = await headObject(s3, which, signal)
    return head.ETag !== undefined && isSameEtag(head.ETag, answer.etag) ? head : null
  } catch (error) {
    throwIfAborted(signal)
    if (isPassing(error) && !isTrusted) throw error
    return null
  }
}

/** Servers differ in quotes. */
export function isSameEtag(one: string, other: string): boolean {
  return one.replaceAll('"', '') === other.replaceAll('"', '')
}

/** An object under a customer's key is not given to whoever asks without the key. */
async function openShortfall(
  vault: Vault,
  { bucket, key, plan, answer }: WrittenObject,
  { versionId }: StoredFacts,
  signal: AbortSignal,
): Promise<string | null> {
  if (plan.customerKey.SSECustomerKey === undefined || answersAreTrue(vault.server, 'sse-c', answer.way)) return null
  const isOpen = await opensWithoutKey(vault, { bucket, key, versionId }, answer.way, signal)
  return isOpen ? 'it gives the object to whoever asks, without your key' : null
}

/**
 * Why a server's word that it encrypted an object is worth nothing, in words; null: nothing shows it. Of SSE-S3 and SSE-KMS
 * its word is all there is. So it must not repeat whatever it is told to store, and, where it answers a write with a claim,
 * must not claim an encryption that does not exist.
 */
async function falseClaim(
  vault: Vault,
  { bucket, plan, answer }: WrittenObject,
  head: AnswerFields | null,
): Promise<string | null> {
  const { mode } = plan
  if (mode !== 'sse-s3' && mode !== 'sse-kms') return null
  const { server } = vault
  if (answersAreTrue(server, mode, answer.way) || server.tested?.claimsFalsely === false) return null
  if (head?.repeatsRequest === true) return 'it says that it did, but repeats whatever headers it was sent'
  if (answer.serverSideEncryption === undefined && server.tested?.claimsFalsely === undefined) return null
  return (await claimsFalsely(vault, bucket))
    ? 'it says that it did, but says the same of an encryption that does not exist'
    : null
}

function withoutClaim(stored: StoredFacts): StoredFacts {
  return { ...stored, serverSideEncryption: undefined, kmsKeyId: undefined, bucketKeyEnabled: undefined }
}

/** What is wrong with the metadata that came back, in words; null if it is as it was sent. */
function lostMetadata({ metadata }: WritePlan, { Metadata: there = {} }: AnswerFields): string | null {
  const names = Object.keys(metadata)
  if (names.some((name) => there[name] !== metadata[name])) {
    return 'it does not keep the metadata in which the wrapped data key lies'
  }
  const isMixed = Object.keys(there).some((name) => isEnvelopeName(name) && metadata[name] === undefined)
  return isMixed ? 'it mixes the metadata of the object that was there before into the new one' : null
}
