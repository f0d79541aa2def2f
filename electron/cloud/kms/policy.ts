import type { KMSClient } from '@aws-sdk/client-kms'
import { GetKeyPolicyCommand, PutKeyPolicyCommand } from '@aws-sdk/client-kms'
import { CofferError } from '../../base/errors.ts'
import { send } from '../send.ts'
import { callerOf } from './caller.ts'
import { metadataOf, ownKeyId } from './keys.ts'
import { parseKeyPolicy, printPolicy } from './policy-document.ts'
import type { KeyPolicy } from './policy-document.ts'
import { actionsOf, editPolicy, principalArn } from './policy-edit.ts'
import { judge } from './policy-judge.ts'
import type { Verdict } from './policy-judge.ts'

/** What a policy would mean for whoever puts it. */
export interface PolicyReview {
  /** Whom it was judged for, an ARN; the account's root where the caller is not known. */
  caller: string
  /** Whether the caller could replace the policy again. */
  control: Verdict
  /** Whether the caller could read what is encrypted under the key. */
  reading: Verdict
}

export interface EditWish {
  change: 'allow' | 'deny' | 'remove'
  /** A user name, an account number or an ARN. */
  principal: string
  /** `decrypt`, `encrypt`, `describe`, `kms:…`; to use the key unless told. */
  actions: string[] | undefined
}

/** How a policy is put. */
export interface PutManner {
  /** The client's credentials are those of This computer's owner. */
  isOwner: boolean
  /** Put it even if the caller could not replace it again. */
  acceptLockout: boolean
}

/** The key policy, as a person reads it. Throws KMS_DENIED, KMS_KEY_NOT_FOUND. */
export async function policyOf(kms: KMSClient, key: string, signal: AbortSignal): Promise<string> {
  const { keyId } = await named(kms, key, signal)
  return await readPolicy(kms, keyId, signal)
}

/** Judges a policy without putting it. Throws INVALID_INPUT with line and column for one that cannot be. */
export async function reviewPolicy(
  kms: KMSClient,
  key: string,
  policy: string,
  isOwner: boolean,
  signal: AbortSignal,
): Promise<PolicyReview> {
  const parsed = parseKeyPolicy(policy)
  const { arn } = await named(kms, key, signal)
  return await review(kms, arn, parsed, isOwner, signal)
}

/**
 * Replaces the key policy. It is judged here first, for servers that do not, and then by KMS's own lockout check (AWS KMS
 * API, PutKeyPolicy), which alone evaluates conditions. Throws POLICY_LOCKOUT by either unless it is accepted,
 * INVALID_INPUT with line and column, KMS_DENIED.
 */
export async function putPolicy(
  kms: KMSClient,
  key: string,
  policy: string,
  manner: PutManner,
  signal: AbortSignal,
): Promise<PolicyReview> {
  const parsed = parseKeyPolicy(policy)
  const KeyId = await ownKeyId(kms, key, signal)
  const { arn } = await named(kms, KeyId, signal)
  const reviewed = await review(kms, arn, parsed, manner.isOwner, signal)
  if (reviewed.control === 'denied' && !manner.acceptLockout) throw lockout(reviewed.caller)
  const wish = { KeyId, PolicyName: 'default', Policy: policy, BypassPolicyLockoutSafetyCheck: manner.acceptLockout }
  await send(kms, new PutKeyPolicyCommand(wish), signal)
  return reviewed
}

/** Changes the policy for one principal. `changed` is false if it said so already. Throws as `putPolicy`. */
export async function changePolicy(
  kms: KMSClient,
  key: string,
  { change, principal, actions: words }: EditWish,
  manner: PutManner,
  signal: AbortSignal,
): Promise<{ policy: string; changed: boolean; principal: string; stillDenied: boolean }> {
  const actions = change === 'remove' ? [] : actionsOf(change, words)
  const { keyId, arn } = await named(kms, key, signal)
  const who = principalArn(principal, arn)
  const before = parseKeyPolicy(await readPolicy(kms, keyId, signal))
  const after = editPolicy(before, { change, principal: who, actions })
  if (after !== null) await putPolicy(kms, keyId, printPolicy(after), manner, signal)
  const policy = after ?? before
  const stillDenied =
    change === 'allow' && actions.some((action) => judge(policy, { arn: who }, action, arn) === 'denied')
  return { policy: printPolicy(policy), changed: after !== null, principal: who, stillDenied }
}

async function review(
  kms: KMSClient,
  keyArn: string,
  policy: KeyPolicy,
  isOwner: boolean,
  signal: AbortSignal,
): Promise<PolicyReview> {
  const caller = await callerOf(kms, keyArn, isOwner, signal)
  return {
    caller: caller.arn,
    control: judge(policy, caller, 'kms:PutKeyPolicy', keyArn),
    reading: judge(policy, caller, 'kms:Decrypt', keyArn),
  }
}

function lockout(caller: string): CofferError {
  return new CofferError('POLICY_LOCKOUT', `With this key policy you (${caller}) could not change it again.`, {
    facts: { caller },
  })
}

async function readPolicy(kms: KMSClient, KeyId: string, signal: AbortSignal): Promise<string> {
  const { Policy = '' } = await send(kms, new GetKeyPolicyCommand({ KeyId, PolicyName: 'default' }), signal)
  return JSON.stringify(JSON.parse(Policy), null, 2)
}

/** Id and ARN of a key. */
async function named(kms: KMSClient, key: string, signal: AbortSignal): Promise<{ keyId: string; arn: string }> {
  const { KeyId = key, Arn = '' } = await metadataOf(kms, key, signal)
  return { keyId: KeyId, arn: Arn }
}
