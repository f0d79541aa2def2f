import { z } from 'zod'
import { KmsError } from '../../request.ts'
import { authorize, keepsControl } from '../access.ts'
import { findKey, type Caller, type Core } from '../core.ts'
import { keyIdField, markerFields, operation, type Operation } from '../operation.ts'
import { checkPrincipals, parsePolicy, replacePrincipal } from '../policy/document.ts'

/** A key has one policy, of this name. */
const policyNameField = z.string().default('default')

export const policyOperations: Record<string, Operation> = {
  GetKeyPolicy: operation({ KeyId: keyIdField, PolicyName: policyNameField }, (core, caller, input) => {
    const key = findKey(core, input.KeyId)
    authorize(caller, key, 'kms:GetKeyPolicy')
    requirePolicyName(input.PolicyName)
    return { Policy: key.policy, PolicyName: 'default' }
  }),
  PutKeyPolicy: operation(
    {
      KeyId: keyIdField,
      PolicyName: policyNameField,
      Policy: z.string().min(1),
      BypassPolicyLockoutSafetyCheck: z.boolean().default(false),
    },
    (core, caller, input) => {
      const key = findKey(core, input.KeyId)
      authorize(caller, key, 'kms:PutKeyPolicy')
      requirePolicyName(input.PolicyName)
      checkPolicy(core, caller, key.id, input.Policy, input.BypassPolicyLockoutSafetyCheck)
      core.store.saveKey({ ...key, policy: input.Policy })
      return {}
    },
  ),
  ListKeyPolicies: operation({ KeyId: keyIdField, ...markerFields(1000) }, (core, caller, input) => {
    authorize(caller, findKey(core, input.KeyId), 'kms:ListKeyPolicies')
    return { PolicyNames: ['default'], Truncated: false }
  }),
}

/** Throws MalformedPolicyDocumentException for an unusable policy, or one the caller could never replace again. */
export function checkPolicy(
  core: Core,
  caller: Caller,
  keyId: string,
  policy: string,
  bypassLockoutCheck: boolean,
): void {
  const parsed = parsePolicy(policy)
  checkPrincipals(parsed, core.principalExists)
  if (bypassLockoutCheck || keepsControl(parsed, caller, keyId)) return
  throw new KmsError(
    'MalformedPolicyDocumentException',
    'The new key policy will not allow you to update the key policy in the future.',
  )
}

/** Puts a deleted principal's unique id in place of its ARN in every policy, as AWS does. */
export function forgetPrincipal(core: Core, arn: string, uniqueId: string): void {
  core.store.transaction(() => {
    for (const key of core.store.keys()) {
      const policy = replacePrincipal(key.policy, arn, uniqueId)
      if (policy !== null) core.store.saveKey({ ...key, policy })
    }
  })
}

function requirePolicyName(name: string): void {
  if (name !== 'default') throw new KmsError('NotFoundException', 'No such policy exists')
}
