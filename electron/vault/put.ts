import { CofferError, isCofferError } from '../base/errors.ts'
import { headObject } from '../cloud/wire/wire.ts'
import type { WritePlan } from '../modes/mode.ts'
import { prepareWrite } from '../modes/registry.ts'
import type { NewUpload } from '../store/uploads.ts'
import { keepsConditions } from '../transfers/conditions.ts'
import { newJournal } from '../transfers/journal.ts'
import { partSize } from '../transfers/parts.ts'
import { upload } from '../transfers/upload.ts'
import { explainWriteFailure, makeBucketIfMissing } from './bucket.ts'
import { fileMetadata } from './file-metadata.ts'
import { envOf } from './look.ts'
import { settleFailure } from './put-failure.ts'
import { goesInParts, realPath, uploadOf } from './put-file.ts'
import { resumePut, type Stored } from './resume-put.ts'
import type { PutRequest, PutResult, PutWatch, Vault } from './vault.ts'
import { finishWrite } from './written.ts'

/**
 * Seals one file as its mode says and stores it. The source is read once. A bucket that is missing is made on This
 * computer. A file that goes in parts, and of which a part was sent before this program was paused or ended, goes on where
 * it stood. On any failure, and on an abort, neither an object nor an upload is left behind, unless it is to go on later.
 * Throws ALREADY_EXISTS, BUCKET_NOT_FOUND, ACCESS_DENIED, SSE_C_BLOCKED, KEY_*, KMS_*, TOO_LARGE, INVALID_INPUT,
 * CHANGED_WHILE_READ, PAUSED, and failures of the network.
 */
export async function put(vault: Vault, request: PutRequest, watch: PutWatch): Promise<PutResult> {
  const started = performance.now()
  const { source, bucket, key } = request
  await makeBucketIfMissing(vault, bucket, watch.signal)
  const refuseTaken = async (): Promise<void> => {
    if (request.overwrite === 'refuse') await refuseEarly(vault, request, watch.signal)
  }
  const { plan, stored, held } =
    (await resumePut(vault, request, watch, refuseTaken)) ?? (await putAfresh(vault, request, watch, refuseTaken))
  try {
    const result = await finishWrite(vault, { bucket, key, bytes: source.size, started }, plan, stored, watch.signal)
    held?.drop()
    return result
  } finally {
    held?.[Symbol.dispose]()
    plan.dispose()
  }
}

async function putAfresh(
  vault: Vault,
  request: PutRequest,
  watch: PutWatch,
  refuseTaken: () => Promise<void>,
): Promise<Stored> {
  const { source, bucket, key, mode, options } = request
  await refuseTaken()
  const wanted = { bucket, key, plaintextSize: source.size, options }
  const plan = await prepareWrite(mode, envOf(vault, watch.signal), wanted)
  try {
    return await store(vault, request, plan, watch)
  } catch (error) {
    plan.dispose()
    const customerKey = plan.customerKey.SSECustomerKey !== undefined
    throw await explainWriteFailure(vault, { bucket, customerKey }, error, watch.signal)
  }
}

async function store(vault: Vault, request: PutRequest, plan: WritePlan, watch: PutWatch): Promise<Stored> {
  const metadata = fileMetadata(request.source)
  const object = uploadOf(request, plan, metadata)
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
  { format, keyId }: WritePlan,
  metadata: Record<string, string>,
): Promise<NewUpload> {
  const { size, file } = source
  const path = file === undefined || !goesInParts(size) ? undefined : await realPath(file.path)
  const { mtimeNs, inode } = file ?? {}
  return { place, bucket, key, path, mode, options: { ...options }, size, mtimeNs, inode, format, keyId, metadata }
}

/**
 * `If-None-Match` refuses at the very end: too late to find out about a large file, and there are compatible servers that
 * do not know it and would overwrite. So both are asked before. Small files save the question on S3 itself, and on a server
 * that has been seen to refuse.
 */
async function refuseEarly(vault: Vault, request: PutRequest, signal: AbortSignal): Promise<void> {
  const foreign = vault.server.kind === 'foreign'
  if ((!foreign || keepsConditions(vault.s3)) && request.source.size <= partSize(request.source.size)) return
  const { bucket, key } = request
  const taken = await headObject(vault.s3, { Bucket: bucket, Key: key }, signal).then(
    // A network that wants its terms accepted first answers 200 to everything; S3 names the ETag.
    ({ ETag }) => ETag !== undefined,
    // S3 does not describe an object under a customer key, but it says that there is one.
    (error: unknown) => isCofferError(error, 'CUSTOMER_KEY_NEEDED'),
  )
  if (taken) throw new CofferError('ALREADY_EXISTS', `s3://${bucket}/${key} exists already.`)
}
