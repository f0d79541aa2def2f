import { randomBytes } from 'node:crypto'
import { DeleteObjectCommand } from '@aws-sdk/client-s3'
import { isClientSide } from '../base/mode-names.ts'
import { answersAreTrue, isKnownNotToEncrypt, keepsMetadata } from '../cloud/behaviour.ts'
import { send, throwIfAborted } from '../cloud/send.ts'
import { isCofferError } from '../base/errors.ts'
import type { StoredFacts, WritePlan } from '../modes/mode.ts'
import { copyObject } from '../transfers/copy.ts'
import { upload } from '../transfers/upload.ts'
import { observeWrite, type WriteFault } from './observe-write.ts'
import { describeFault, isConsented } from './prove-write.ts'
import type { Replacement } from './replace.ts'
import type { Vault } from './vault.ts'

/** `copy`: within S3. `through`: by way of this computer. */
export type How = 'copy' | 'through'

/** What servers have shown, by mode, for as long as their clients live. */
const shown = new WeakMap<Vault['s3'], Map<string, How>>()

/**
 * How new content that lies beside an object is to be put over it. A copy within S3 moves no bytes; but there are servers
 * whose CopyObject drops the encryption, refuses an encrypted source, or mixes old metadata into new. Of a server that is not
 * known to do well it is tried out beforehand, with a few random bytes in the same mode over an object with the old one's
 * metadata, for the object itself is gone once it is overwritten. Throws NOT_ENCRYPTED or INTEGRITY if neither way does.
 */
export async function howToReplace(
  vault: Vault,
  replacement: Replacement,
  beside: string,
  signal: AbortSignal,
): Promise<How> {
  const { plan } = replacement
  const known = knownHow(vault, plan) ?? shown.get(vault.s3)?.get(plan.mode)
  if (known !== undefined) return known
  const faults: WriteFault[] = []
  for (const how of ['copy', 'through'] as const) {
    if (how === 'copy' && isKnownToFail(vault, plan)) continue
    const fault = await tryOut(vault, replacement, beside, how, signal)
    if (fault === null) {
      const all = shown.get(vault.s3) ?? new Map<string, How>()
      shown.set(vault.s3, all.set(plan.mode, how))
      return how
    }
    faults.push(fault)
  }
  const { bucket, key } = replacement.old
  const [fault = { kind: 'metadata', what: 'it refuses to overwrite it' }] = faults.reverse()
  const written = { bucket, key, plan, answer: NOTHING, options: replacement.options }
  throw describeFault(vault, written, fault, 'untouched')
}

const NOTHING: StoredFacts = { way: 'put', etag: '', bytes: 0 }

function knownHow({ server }: Vault, { mode }: WritePlan): How | undefined {
  if (server.kind !== 'foreign') return 'copy'
  if (keepsMetadata(server) !== true || mode === 'bucket-default') return undefined
  return isClientSide(mode) || answersAreTrue(server, mode, 'copy') ? 'copy' : undefined
}

function isKnownToFail({ server }: Vault, { mode }: WritePlan): boolean {
  return mode !== 'bucket-default' && isKnownNotToEncrypt(server, mode, 'copy')
}

/** Null: it does well. Throws failures of the network. */
async function tryOut(
  vault: Vault,
  { old, oldMetadata, plan, options }: Replacement,
  beside: string,
  how: How,
  signal: AbortSignal,
): Promise<WriteFault | null> {
  const { bucket } = old
  const [from, to] = trialKeys(beside) as [string, string]
  const scratch = { metadata: plan.metadata, encryption: plan.encryption, customerKey: plan.customerKey }
  const put = (key: string, what: Partial<typeof scratch>): Promise<StoredFacts> => {
    const bytes = randomBytes(16)
    const its = { encryption: {}, customerKey: {}, metadata: {}, tags: {}, sealer: null, ...what }
    return upload(
      vault.s3,
      { bucket, key, size: bytes.length, metadata: {}, plan: its, read: () => only(bytes) },
      { signal },
    )
  }
  try {
    await put(to, { metadata: oldMetadata })
    const answer = how === 'through' ? await put(to, scratch) : await copied(await put(from, scratch))
    const { fault } = await observeWrite(vault, { bucket, key: to, plan, answer, options }, signal)
    return fault !== null && isConsented(fault, options) ? null : fault
  } catch (error) {
    throwIfAborted(signal)
    if (!isCofferError(error) || !REFUSALS.has(error.code)) throw error
    return { kind: 'metadata', what: `it refuses to overwrite an object in this way: ${error.message}` }
  } finally {
    for (const key of [from, to]) await discard(vault, bucket, key)
  }

  function copied({ etag }: StoredFacts): Promise<StoredFacts> {
    const { customerKey } = plan
    const source = { bucket, key: from, versionId: undefined, etag, size: 16, customerKey }
    return copyObject(
      vault.s3,
      { source, bucket, key: to, plan: { ...plan, tags: {} }, metadata: plan.metadata, headers: {}, tags: undefined },
      signal,
    )
  }
}

/** How servers say that they do not do it. */
const REFUSALS = new Set(['UNSUPPORTED', 'INVALID_INPUT', 'SERVER', 'CHANGED_WHILE_READ', 'OBJECT_NOT_FOUND'])

/** Where it is tried out, beside what lies beside the object. */
export function trialKeys(beside: string): string[] {
  return ['-from', '-to'].map((end) => beside.replace(/\.part$/, `${end}.part`))
}

async function* only(bytes: Buffer): AsyncGenerator<Buffer> {
  yield await Promise.resolve(bytes)
}

const DISCARD_MS = 15_000

async function discard({ s3 }: Vault, bucket: string, key: string): Promise<void> {
  const command = new DeleteObjectCommand({ Bucket: bucket, Key: key })
  await send(s3, command, AbortSignal.timeout(DISCARD_MS)).catch(() => undefined)
}
