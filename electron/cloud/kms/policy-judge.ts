import { accountOf } from '../../base/kms-names.ts'
import { listOf, statementsOf } from './policy-document.ts'
import type { KeyPolicy, Statement } from './policy-document.ts'

/** Who a policy is asked about. The root of an account stands for all that the account's IAM policies allow. */
export interface Caller {
  /** `arn:aws:iam::ACCOUNT:root`, `…:user/NAME`, `…:role/NAME`, or a session, `arn:aws:sts::ACCOUNT:assumed-role/…`. */
  arn: string
}

/** `depends`: only under a statement's conditions, which are judged when KMS is asked. */
export type Verdict = 'allowed' | 'denied' | 'depends'

/**
 * What a key policy says of one action, as IAM evaluates a resource policy: an explicit Deny outweighs, no statement means
 * no. Conditions are not evaluated. IAM policies and grants can allow more, or less, where the policy leaves it to the
 * account (AWS IAM User Guide, "Policy evaluation logic").
 */
export function judge(policy: KeyPolicy, caller: Caller, action: string, keyArn: string): Verdict {
  const applying = statementsOf(policy).filter((statement) => applies(statement, caller, action, keyArn))
  const says = (effect: Statement['Effect'], certain: boolean): boolean =>
    applying.some(({ Effect, Condition }) => Effect === effect && isEmpty(Condition) === certain)
  if (says('Deny', true)) return 'denied'
  if (says('Allow', true)) return says('Deny', false) ? 'depends' : 'allowed'
  return says('Allow', false) ? 'depends' : 'denied'
}

function isEmpty(condition: Statement['Condition']): boolean {
  return condition === undefined || Object.keys(condition).length === 0
}

function applies(statement: Statement, caller: Caller, action: string, keyArn: string): boolean {
  const { Principal, NotPrincipal, Action, NotAction, Resource, NotResource } = statement
  const isAction = (pattern: string): boolean => matches(pattern.toLowerCase(), action.toLowerCase())
  const isResource = (pattern: string): boolean => matches(pattern, keyArn)
  return (
    (Principal === undefined ? !excepts(NotPrincipal, caller) : names(Principal, caller)) &&
    (Action === undefined ? !listOf(NotAction).some(isAction) : listOf(Action).some(isAction)) &&
    (Resource === undefined ? !listOf(NotResource).some(isResource) : listOf(Resource).some(isResource))
  )
}

/** Naming an account, by number or as its root, names everyone in it. */
function names(principal: Statement['Principal'], { arn }: Caller): boolean {
  if (principal === '*') return true
  const account = accountOf(arn)
  return listOf(principal?.AWS).some(
    (name) =>
      name === '*' ||
      name === arn ||
      name === account ||
      name === rootOf(arn) ||
      (isRole(name) && isSession(arn, name)),
  )
}

/** Who is excepted is named one by one: an account's root there excepts the root alone (IAM User Guide, "NotPrincipal"). */
function excepts(principal: Statement['NotPrincipal'], { arn }: Caller): boolean {
  if (principal === '*') return true
  const isRoot = arn === rootOf(arn)
  return listOf(principal?.AWS).some(
    (name) =>
      name === '*' || name === arn || (isRoot && name === accountOf(arn)) || (isRole(name) && isSession(arn, name)),
  )
}

/** The root of the account that an ARN is in, in the same partition. */
export function rootOf(arn: string): string {
  return `arn:${arn.split(':')[1] ?? 'aws'}:iam::${accountOf(arn) ?? ''}:root`
}

function isRole(name: string): boolean {
  return /^arn:[\w-]+:iam::\d{12}:role\//.test(name)
}

/** A session's ARN has the role's name, but not the path that stands before it in the role's own ARN. */
function isSession(arn: string, role: string): boolean {
  const [, name] = /:assumed-role\/([^/]+)\//.exec(arn) ?? []
  return name !== undefined && accountOf(arn) === accountOf(role) && role.split('/').at(-1) === name
}

/** IAM's wildcards: `*` any run of characters, `?` any one. */
function matches(pattern: string, text: string): boolean {
  const source = pattern
    .replace(/\*+/g, '*')
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.')
  return new RegExp(`^${source}$`, 's').test(text)
}
