import type { ModeChoice, ModeId } from '../base/mode-names.ts'
import { prepareBucketDefault } from './bucket-default.ts'
import { cseC } from './cse-c.ts'
import { cseKms } from './cse-kms.ts'
import type { EncryptionFields, Mode, ModeEnv, SavedWrite, WritePlan, WriteRequest } from './mode.ts'
import { sseC } from './sse-c.ts'
import { sseKms } from './sse-kms.ts'
import { sseS3 } from './sse-s3.ts'

/** Every way to encrypt. Client-side ones come first, for S3 may add its own layer around theirs. */
export const MODES: readonly Mode[] = [cseKms, cseC, sseC, sseKms, sseS3]

const BY_ID = new Map<ModeId, Mode>(MODES.map((mode) => [mode.id, mode]))

export function modeById(id: ModeId): Mode {
  const mode = BY_ID.get(id)
  if (mode === undefined) throw new RangeError(`no mode ${id}`)
  return mode
}

/** Prepares a write as a person chose it: in a mode, or by the bucket's own rule. */
export async function prepareWrite(choice: ModeChoice, env: ModeEnv, request: WriteRequest): Promise<WritePlan> {
  if (choice === 'bucket-default') return prepareBucketDefault(request)
  const plan = await modeById(choice).prepareWrite(env, request)
  return plan.sealer === null ? plan : { ...plan, encryption: outerEncryption(request) }
}

/** What S3 is asked to do to what is encrypted here. */
function outerEncryption({ options: { outerLayer } }: WriteRequest): EncryptionFields {
  if (outerLayer === undefined) return {}
  const { algorithm, kmsKeyId } = outerLayer
  return { ServerSideEncryption: algorithm, ...(kmsKeyId === undefined ? {} : { SSEKMSKeyId: kmsKeyId }) }
}

/** Prepares a write that was cut off once more; null if it has to begin anew. See `Mode.resumeWrite`. */
export async function resumeWrite(
  choice: ModeChoice,
  env: ModeEnv,
  request: WriteRequest,
  saved: SavedWrite,
): Promise<WritePlan | null> {
  return choice === 'bucket-default' ? prepareBucketDefault(request) : modeById(choice).resumeWrite(env, request, saved)
}
