import { ACCOUNT, OWNER_ARN } from '../../account.ts'
import type { Principal } from '../../request.ts'
import { holds, type ConditionFacts } from './condition.ts'
import type { Patterns, Statement } from './document.ts'
import { glob } from './glob.ts'

/** A use of a key that a policy is asked about. */
export interface Use {
  principal: Principal
  /** `kms:Decrypt` */
  action: string
  /** The key's ARN. */
  resource: string
  facts: ConditionFacts
}

export type Verdict = 'allowed' | 'explicitly denied' | 'not allowed'

/** IAM's rule for one resource policy: an explicit Deny wins, no statement means no. */
export function judge(statements: readonly Statement[], use: Use): Verdict {
  const applying = statements.filter((statement) => applies(statement, use))
  if (applying.some(({ effect }) => effect === 'Deny')) return 'explicitly denied'
  return applying.length > 0 ? 'allowed' : 'not allowed'
}

function applies(statement: Statement, use: Use): boolean {
  return (
    isAddressed(statement, use.principal) &&
    matches(statement.actions, (value) => glob(value.toLowerCase(), use.action.toLowerCase())) &&
    matches(statement.resources, (value) => glob(value, use.resource)) &&
    statement.conditions.every((condition) => holds(condition, use.facts))
  )
}

function matches({ values, negated }: Patterns, test: (value: string) => boolean): boolean {
  return values.some(test) !== negated
}

/** Who is excepted by NotPrincipal is named one by one: the account's root there excepts the root alone. */
function isAddressed({ principals, effect }: Statement, principal: Principal): boolean {
  if (principals.negated) return !principals.values.some((value) => isVery(value, principal))
  return principals.values.some((value) => isPrincipal(value, principal, effect))
}

function isVery(value: string, principal: Principal): boolean {
  return value === principal.arn || (principal.isOwner && (value === OWNER_ARN || value === ACCOUNT))
}

/** Naming the account allows its owner alone (the others have no IAM policy to pass it on), but denies everyone in it. */
function isPrincipal(value: string, principal: Principal, effect: Statement['effect']): boolean {
  if (value === '*' || value === principal.arn) return true
  if (value !== OWNER_ARN && value !== ACCOUNT) return false
  return effect === 'Deny' || principal.isOwner
}
