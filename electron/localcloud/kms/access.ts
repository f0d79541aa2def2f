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
  const statements = storedPolicy(caller, key, action)
  const verdict = verdictOn(statements, caller, key.id, action, context)
  if (verdict === 'allowed') return
  const why =
    verdict === 'explicitly denied'
      ? 'with an explicit deny in a resource-based policy'
      : `because no resource-based policy allows the ${action} action`
  throw denied(caller, action, keyArn(key.id), why)
}

const MOST_PARSED = 256
const parsed = new Map<string, Statement[]>()

/** A key's policy is asked at every use of the key, and rarely changes. */
function parsedPolicy(text: string): Statement[] {
  const known = parsed.get(text)
  if (known) return known
  const statements = parsePolicy(text)
  if (parsed.size >= MOST_PARSED) parsed.clear()
  parsed.set(text, statements)
  return statements
}

/** A stored policy that is not understood (an older version took it) denies: it may hold a Deny that cannot be applied. */
function storedPolicy(caller: Caller, key: KeyRecord, action: string): Statement[] {
  try {
    return parsedPolicy(key.policy)
  } catch (error) {
    const reason = error instanceof KmsError ? error.message : 'it cannot be read'
    const why = `because its key policy has what is not supported here, so nothing is allowed until it is replaced (${reason})`
    throw denied(caller, action, keyArn(key.id), why)
  }
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
