import {
  CreateKeyCommand,
  DecryptCommand,
  DisableKeyCommand,
  GenerateDataKeyCommand,
  ScheduleKeyDeletionCommand,
  type DecryptCommandInput,
  type KMSClient,
} from '@aws-sdk/client-kms'
import { isCofferError } from '../../base/errors.ts'
import type { ServerFinding } from '../../base/server-checks.ts'
import { send } from '../send.ts'
import { putText, readText, type Scratch } from './scratch.ts'
import type { TestInput } from './scratch.ts'
import { HOLDS, judge, refusalOf, type Verdict } from './verdict.ts'

/** A KMS key of the test's own, or why there is none. */
export type TestKey = { keyId: string } | { keyId: undefined; why: string }

/**
 * Makes a KMS key for the test, on foreign servers only: it stays until its deletion has waited for days, costs money on
 * Amazon, and This computer's own tests show the same.
 */
export async function makeTestKey({ kms, kind }: TestInput, signal: AbortSignal): Promise<TestKey> {
  if (kind !== 'foreign') return { keyId: undefined, why: 'Not tried: it would leave a KMS key behind.' }
  if (kms.config.endpoint === undefined) return { keyId: undefined, why: 'No KMS is named for this place.' }
  try {
    const Description = 'Made by a test of Coffer. It can be deleted.'
    const { KeyMetadata } = await send(kms, new CreateKeyCommand({ Description }), signal)
    if (KeyMetadata?.KeyId === undefined) return { keyId: undefined, why: 'It made no KMS key.' }
    return { keyId: KeyMetadata.KeyId }
  } catch (error) {
    if (!isCofferError(error) || error.code === 'CANCELLED') throw error
    return { keyId: undefined, why: `No KMS key could be made: ${error.message}` }
  }
}

/**
 * What the KMS itself does with a data key, and whether SSE-KMS depends on its key: a file under a disabled one must not be
 * readable. The key is disabled after this. `encrypts`: that was so.
 */
export async function testKms(
  scratch: Scratch,
  kms: KMSClient,
  { keyId }: { keyId: string },
): Promise<{ findings: ServerFinding[]; encrypts: boolean }> {
  const { signal } = scratch
  const encryptionContext = { EncryptionContext: { 'coffer-test': 'right' } }
  const dataKey = new GenerateDataKeyCommand({ KeyId: keyId, KeySpec: 'AES_256', ...encryptionContext })
  let wrapped: Uint8Array | undefined
  const context = await judge('kms.wrong-context', async () => {
    const { CiphertextBlob, Plaintext } = await send(kms, dataKey, signal)
    Plaintext?.fill(0)
    wrapped = CiphertextBlob
    const wrong = { CiphertextBlob, EncryptionContext: { 'coffer-test': 'wrong' } }
    return (await opened(kms, wrong, signal)) ? ['wrong', 'It opens a data key under another context.'] : HOLDS
  })
  let encrypts = false
  const disabled = await judge('kms.disabled-key', async (): Promise<Verdict> => {
    const ownKey = { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: keyId } as const
    const wasReadable =
      (await refusalOf(putText(scratch, 'under-own-key', 'one', ownKey))) === null &&
      (await refusalOf(readText(scratch, 'under-own-key'))) === null
    await send(kms, new DisableKeyCommand({ KeyId: keyId }), signal)
    encrypts = wasReadable && (await refusalOf(readText(scratch, 'under-own-key'))) !== null
    const right = { CiphertextBlob: wrapped, ...encryptionContext }
    return (await opened(kms, right, signal)) ? ['wrong', 'It opens a data key under a disabled key.'] : HOLDS
  })
  return { findings: [context, disabled], encrypts }
}

async function opened(kms: KMSClient, input: DecryptCommandInput, signal: AbortSignal): Promise<boolean> {
  const request = send(kms, new DecryptCommand(input), signal).then(({ Plaintext }) => void Plaintext?.fill(0))
  return (await refusalOf(request)) === null
}

/** The shortest wait that KMS has (AWS KMS API, ScheduleKeyDeletion). */
const PENDING_DAYS = 7

/** Best effort: a key that stays is disabled and seals nothing. */
export async function removeTestKey(kms: KMSClient, keyId: string, signal: AbortSignal): Promise<void> {
  const command = new ScheduleKeyDeletionCommand({ KeyId: keyId, PendingWindowInDays: PENDING_DAYS })
  await send(kms, command, signal).catch(() => undefined)
}
