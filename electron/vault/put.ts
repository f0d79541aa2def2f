import { isCofferError } from '../base/errors.ts'
import type { WritePlan } from '../modes/mode.ts'
import { prepareWrite } from '../modes/registry.ts'
import type { NewUpload } from '../store/uploads.ts'
import { newJournal } from '../transfers/journal.ts'
import { upload } from '../transfers/upload.ts'
import { explainWriteFailure, makeBucketIfMissing } from './bucket.ts'
import { refuseTaken } from './existence.ts'
import { fileMetadata } from './file-metadata.ts'
import { envOf } from './look.ts'
import { settleFailure } from './put-failure.ts'
import { goesInParts, realPath, uploadOf, wayOf } from './put-file.ts'
import { withEnvelopePlace, withInstruction } from './put-instruction.ts'
import { resumePut, type Stored } from './resume-put.ts'
import type { PutRequest, PutResult, PutWatch, Vault } from './vault.ts'
import { proveWrite, refuseKnownPlaintext } from './prove-write.ts'
import { finishWrite } from './written.ts'

/**
 * Seals one file as its mode says and stores it. The source is read once. A bucket that is missing is made on This
 * computer. A file that goes in parts, and of which a part was sent before this program was paused or ended, goes on where
 * it stood. On any failure, and on an abort, neither an object nor an upload is left behind, unless it is to go on later.
 * Throws ALREADY_EXISTS, BUCKET_NOT_FOUND, ACCESS_DENIED, SSE_C_BLOCKED, KEY_*, KMS_*, TOO_LARGE, INVALID_INPUT,
 * CHANGED_WHILE_READ, PAUSED, and failures of the network.
 */
export async function put(vault: Vault, asked: PutRequest, watch: PutWatch): Promise<PutResult> {
  const started = performance.now()
  const request = withEnvelopePlace(vault, asked)
  const { source, bucket } = request
  refuseKnownPlaintext(vault, { ...request, way: wayOf(source.size) })
  await makeBucketIfMissing(vault, bucket, watch.signal)
  const refuseIfTaken = async (): Promise<void> => {
    if (request.overwrite === 'refuse') await refuseTaken(vault, request, source.size, watch.signal)
  }
  const resumed = await resumePut(vault, request, watch, refuseIfTaken)
  if (resumed !== null) return conclude(vault, request, resumed, started, watch.signal)
  await refuseIfTaken()
  return putAfresh(vault, request, started, watch)
}

async function putAfresh(vault: Vault, request: PutRequest, started: number, watch: PutWatch): Promise<PutResult> {
  const { source, bucket, key, mode, options } = request
  const { signal } = watch
  const wanted = { bucket, key, plaintextSize: source.size, options }
  const plan = await prepareWrite(mode, envOf(vault, signal), wanted)
  return withInstruction(vault, request, plan, signal, async () =>
    conclude(vault, request, await storeExplained(vault, request, plan, watch), started, signal),
  )
}

/** What is stored has to show what it is; then the catalog knows it. Disposes of the plan and of what the journal holds. */
async function conclude(
  vault: Vault,
  { source, bucket, key, options }: PutRequest,
  { plan, stored, held }: Stored,
  started: number,
  signal: AbortSignal,
): Promise<PutResult> {
  try {
    const observed = await proveWrite(vault, { bucket, key, plan, answer: stored, options }, signal)
    const result = finishWrite(vault, { bucket, key, bytes: source.size, started }, plan, observed)
    held?.drop()
    return result
  } catch (error) {
    // It is complete, and was removed again: there is nothing of it to go on with.
    if (isCofferError(error, 'NOT_ENCRYPTED') || isCofferError(error, 'INTEGRITY')) held?.drop()
    throw error
  } finally {
    held?.[Symbol.dispose]()
    plan.dispose()
  }
}

async function storeExplained(vault: Vault, request: PutRequest, plan: WritePlan, watch: PutWatch): Promise<Stored> {
  try {
    return await store(vault, request, plan, watch)
  } catch (error) {
    plan.dispose()
    const customerKey = plan.customerKey.SSECustomerKey !== undefined
    throw await explainWriteFailure(vault, { bucket: request.bucket, customerKey }, error, watch.signal)
  }
}

async function store(vault: Vault, request: PutRequest, plan: WritePlan, watch: PutWatch): Promise<Stored> {
  const metadata = fileMetadata(request.source)
  const object = uploadOf(vault, request, plan, metadata, watch.signal)
  const record = await recordOf(vault, request, plan, { ...metadata, ...plan.metadata })
  const journal = newJournal(vault.uploads, record, plan.sealer !== null)
  try {
    const stored = await upload(vault.s3, object, { ...watch, hooks: journal.hooks, leaveOnFailure: true })
    return { plan, stored, held: journal.held() }
  } catch (error) {
    const held = journal.held()
    if (held !== undefined) await settleFailure(vault, held, error, watch)
    throw error
  }
}

/** What the journal is to keep, if it comes to that. */
async function recordOf(
  { place }: Vault,
  { bucket, key, mode, options, source }: PutRequest,
  { format, keyId, instruction }: WritePlan,
  metadata: Record<string, string>,
): Promise<NewUpload> {
  const { size, file } = source
  // What has its envelope elsewhere is not gone on with: it is sealed afresh.
  const goesOn = file !== undefined && goesInParts(size) && instruction === undefined
  const path = goesOn ? await realPath(file.path) : undefined
  const { mtimeNs, inode } = file ?? {}
  return { place, bucket, key, path, mode, options: { ...options }, size, mtimeNs, inode, format, keyId, metadata }
}
