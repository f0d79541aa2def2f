import { DescribeKeyCommand } from '@aws-sdk/client-kms'
import { answersAreTrue } from '../cloud/behaviour.ts'
import { send } from '../cloud/send.ts'
import type { StoredFacts, WritePlan } from '../modes/mode.ts'
import { isKmsManaged, KMS_TWO_LAYERS, S3_MANAGED } from '../modes/server-side.ts'
import { isKey } from './key-names.ts'
import type { Vault } from './vault.ts'

/**
 * In what an object falls short of the encryption that its plan asked S3 for, in words; null if it does not. What is sealed
 * on this computer asks S3 for nothing. SSE-S3 is also had where S3 answers that it used a KMS key: that is no less.
 */
export async function shortfallOf(
  vault: Vault,
  plan: WritePlan,
  stored: StoredFacts,
  signal: AbortSignal,
): Promise<string | null> {
  if (plan.sealer !== null) return null
  const asked = plan.encryption.ServerSideEncryption
  if (plan.customerKey.SSECustomerKey !== undefined) return customerKeyShortfall(plan, stored)
  if (asked === S3_MANAGED) return isEncrypted(stored) ? null : reported(stored)
  if (asked === undefined) return null
  if (!isKmsManaged(stored.serverSideEncryption)) return reported(stored)
  if (asked === KMS_TWO_LAYERS && stored.serverSideEncryption !== KMS_TWO_LAYERS) {
    return 'it reports one layer of encryption instead of two'
  }
  const { kmsKeyId } = stored
  if (plan.keyId === undefined || kmsKeyId === undefined) return null
  if (await isSameKmsKey(vault, plan.keyId, stored, kmsKeyId, signal)) return null
  return `it reports another KMS key (${kmsKeyId}) than ${plan.keyId}`
}

function customerKeyShortfall({ customerKey }: WritePlan, stored: StoredFacts): string | null {
  const { customerAlgorithm, customerKeyMd5 = customerKey.SSECustomerKeyMD5 } = stored
  if (customerAlgorithm !== customerKey.SSECustomerAlgorithm) return reported(stored)
  return customerKeyMd5 === customerKey.SSECustomerKeyMD5 ? null : 'it reports another customer key than yours'
}

function isEncrypted({ serverSideEncryption }: StoredFacts): boolean {
  return serverSideEncryption === S3_MANAGED || isKmsManaged(serverSideEncryption)
}

function reported({ serverSideEncryption }: StoredFacts): string {
  return serverSideEncryption === undefined ? 'it reports no encryption' : `it reports ${serverSideEncryption}`
}

/** What aliases and ids of keys stand for, as KMS tells it; for as long as a client lives. */
const arns = new WeakMap<Vault['kms'], Map<string, Promise<string | undefined>>>()

/**
 * True unless the reported key is another one than was named. Servers report an ARN or the name that they were given; where
 * an alias stands in between, only a KMS that was named for this place can tell.
 */
async function isSameKmsKey(
  vault: Vault,
  named: string,
  { way }: StoredFacts,
  reportedKey: string,
  signal: AbortSignal,
): Promise<boolean> {
  if (isKey([named, `/${lastOf(named)}`], lastOf(reportedKey))) return true
  if (answersAreTrue(vault.server, 'sse-kms', way)) return true
  const arn = await arnOf(vault, named, signal)
  if (arn !== undefined) return isKey([arn], lastOf(reportedKey))
  return named.includes('alias/')
}

/** `arn:aws:kms:eu-west-1:111122223333:key/1234` ends with the key's own name; so does MinIO's `arn:aws:kms:name`. */
function lastOf(key: string): string {
  return key.slice(Math.max(key.lastIndexOf('/'), key.lastIndexOf(':')) + 1)
}

/** Undefined: there is no KMS to ask, or it does not say. */
async function arnOf({ kms }: Vault, named: string, signal: AbortSignal): Promise<string | undefined> {
  if (kms.config.endpoint === undefined) return undefined
  const known = arns.get(kms) ?? new Map<string, Promise<string | undefined>>()
  arns.set(kms, known)
  const asked =
    known.get(named) ??
    send(kms, new DescribeKeyCommand({ KeyId: named }), signal).then(
      ({ KeyMetadata }) => KeyMetadata?.Arn,
      () => undefined,
    )
  known.set(named, asked)
  return asked
}
