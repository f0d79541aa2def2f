import { HeadObjectCommand } from '@aws-sdk/client-s3'
import { CofferError, isCofferError } from '../base/errors.ts'
import { send } from '../cloud/send.ts'
import type { StoredFacts, WritePlan } from '../modes/mode.ts'
import { prepareWrite } from '../modes/registry.ts'
import { partSize } from '../transfers/parts.ts'
import { upload } from '../transfers/upload.ts'
import { explainWriteFailure, makeBucketIfMissing } from './bucket.ts'
import { fileMetadata } from './file-metadata.ts'
import { envOf } from './look.ts'
import type { PutRequest, PutResult, Vault, Watch } from './vault.ts'
import { finishWrite } from './written.ts'

/**
 * Seals one file as its mode says and stores it. The source is read once. A bucket that is missing is made on This
 * computer. On any failure, and on an abort, neither an object nor an upload is left behind. Throws ALREADY_EXISTS,
 * BUCKET_NOT_FOUND, ACCESS_DENIED, SSE_C_BLOCKED, KEY_*, KMS_*, TOO_LARGE, INVALID_INPUT, CHANGED_WHILE_READ, and failures
 * of the network.
 */
export async function put(vault: Vault, request: PutRequest, watch: Watch): Promise<PutResult> {
  const started = performance.now()
  const { source, bucket, key, mode, options } = request
  await makeBucketIfMissing(vault, bucket, watch.signal)
  if (request.overwrite === 'refuse') await refuseEarly(vault, request, watch.signal)
  const wanted = { bucket, key, plaintextSize: source.size, options }
  const plan = await prepareWrite(mode, envOf(vault, watch.signal), wanted)
  try {
    const stored = await store(vault, request, plan, watch)
    return await finishWrite(vault, { bucket, key, bytes: source.size, started }, plan, stored, watch.signal)
  } finally {
    plan.dispose()
  }
}

async function store(vault: Vault, request: PutRequest, plan: WritePlan, watch: Watch): Promise<StoredFacts> {
  const { source, bucket, key, overwrite } = request
  try {
    return await upload(
      vault.s3,
      {
        bucket,
        key,
        size: source.size,
        read: (signal) => source.read(signal),
        plan,
        metadata: fileMetadata(source),
        condition: overwrite === 'refuse' ? { IfNoneMatch: '*' } : undefined,
      },
      watch,
    )
  } catch (error) {
    const customerKey = plan.customerKey.SSECustomerKey !== undefined
    throw await explainWriteFailure(vault, { bucket, customerKey }, error, watch.signal)
  }
}

/**
 * `If-None-Match` refuses at the very end: too late to find out about a large file, and there are compatible servers that
 * do not know it and would overwrite. So both are asked before. Small files on S3 itself save the question.
 */
async function refuseEarly(vault: Vault, request: PutRequest, signal: AbortSignal): Promise<void> {
  const foreign = vault.s3.config.endpoint !== undefined && !vault.makesBuckets
  if (!foreign && request.source.size <= partSize(request.source.size)) return
  const { bucket, key } = request
  const taken = await send(vault.s3, new HeadObjectCommand({ Bucket: bucket, Key: key }), signal).then(
    // A network that wants its terms accepted first answers 200 to everything; S3 names the ETag.
    ({ ETag }) => ETag !== undefined,
    // S3 does not describe an object under a customer key, but it says that there is one.
    (error: unknown) => isCofferError(error, 'KEY_WRONG'),
  )
  if (taken) throw new CofferError('ALREADY_EXISTS', `s3://${bucket}/${key} exists already.`)
}
