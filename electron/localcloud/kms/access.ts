import { ACCOUNT } from '../account.ts'
import { KmsError } from '../request.ts'
import type { Caller } from './core.ts'
import type { EncryptionContext } from './encryption-context.ts'
import { keyArn } from './names.ts'
import { normalKey, type ConditionFacts } from './policy/condition.ts'
import { parsePolicy, type Statement } from './policy/document.ts'
import { judge } from './policy/evaluate.ts'
import type { KeyRecord } from './store.ts'

/**
 * What no policy takes from the owner of a customer key: seeing and replacing the policy itself. On AWS, support lifts
 * such a lockout; here there is nobody else to ask.
 */
const WAY_BACK = new Set(['kms:DescribeKey', 'kms:GetKeyPolicy', 'kms:ListKeyPolicies', 'kms:PutKeyPolicy'])

/** Throws AccessDeniedException, in AWS's words, unless the key's policy lets the caller do this. */
export function authorize(caller: Caller, key: KeyRecord, action: string, context?: EncryptionContext): void {
  if (caller.principal.isOwner && key.manager === 'CUSTOMER' && WAY_BACK.has(action)) return
  const verdict = verdictOn(parsePolicy(key.policy), caller, key.id, action, context)
  if (verdict === 'allowed') return
  const why =
    verdict === 'explicitly denied'
      ? 'with an explicit deny in a resource-based policy'
      : `because no resource-based policy allows the ${action} action`
  throw denied(caller, action, keyArn(key.id), why)
}

/** Whether a policy lets the caller replace it again. */
export function keepsControl(statements: Statement[], caller: Caller, keyId: string): boolean {
  return verdictOn(statements, caller, keyId, 'kms:PutKeyPolicy') === 'allowed'
}

/** For what belongs to the account and not to a key: the owner's alone, as the others have no IAM policy. */
export function requireOwner(caller: Caller, action: string, resource = '*'): void {
  if (caller.principal.isOwner) return
  throw denied(caller, action, resource, `because no identity-based policy allows the ${action} action`)
}

function verdictOn(
  statements: Statement[],
  caller: Caller,
  keyId: string,
  action: string,
  context?: EncryptionContext,
) {
  return judge(statements, {
    principal: caller.principal,
    action,
    resource: keyArn(keyId),
    facts: factsOf(caller, context),
  })
}

function factsOf(caller: Caller, context: EncryptionContext = {}): ConditionFacts {
  const facts: [string, string[]][] = [
    ['kms:CallerAccount', [ACCOUNT]],
    ['aws:PrincipalAccount', [ACCOUNT]],
    ['aws:PrincipalArn', [caller.principal.arn]],
    ...Object.entries(context).map(([name, value]): [string, string[]] => [`kms:EncryptionContext:${name}`, [value]]),
  ]
  if (caller.via) facts.push(['kms:ViaService', [caller.via]])
  if (Object.keys(context).length > 0) facts.push(['kms:EncryptionContextKeys', Object.keys(context)])
  return new Map(facts.map(([key, values]) => [normalKey(key), values]))
}

function denied(caller: Caller, action: string, resource: string, why: string): KmsError {
  return new KmsError(
    'AccessDeniedException',
    `User: ${caller.principal.arn} is not authorized to perform: ${action} on resource: ${resource} ${why}`,
  )
}
