import { CofferError } from '../../base/errors.ts'
import { accountOf } from '../../base/kms-names.ts'
import { listOf, statementsOf } from './policy-document.ts'
import type { KeyPolicy, Statement } from './policy-document.ts'

/** What a person wants of a policy, without writing one. */
export interface PolicyEdit {
  /** `allow` and `deny` add a statement; `remove` takes the principal out of every one that names it. */
  change: 'allow' | 'deny' | 'remove'
  /** An ARN. */
  principal: string
  /** `kms:Decrypt`, with wildcards. */
  actions: string[]
}

/** The words for actions that go together, for the keys that Coffer uses: symmetric, for encryption. */
const ACTION_WORDS: Record<string, string[]> = {
  decrypt: ['kms:Decrypt'],
  encrypt: ['kms:Encrypt', 'kms:GenerateDataKey*', 'kms:ReEncrypt*'],
  describe: ['kms:DescribeKey'],
}

/** What is allowed or denied unless it is told: to use the key, and to see it where that is allowed. */
const USUAL = { allow: ['encrypt', 'decrypt', 'describe'], deny: ['encrypt', 'decrypt'] }

/** `decrypt` and `encrypt` as actions of KMS; `kms:…` as it stands. Throws INVALID_INPUT for another word. */
export function actionsOf(change: 'allow' | 'deny', words: readonly string[] | undefined): string[] {
  return (words ?? USUAL[change]).flatMap((word) => {
    const known = Object.hasOwn(ACTION_WORDS, word.toLowerCase()) ? ACTION_WORDS[word.toLowerCase()] : undefined
    if (known !== undefined) return known
    if (/^kms:[a-z*?]+$/i.test(word)) return [word]
    throw new CofferError('INVALID_INPUT', `“${word}” is no action of KMS.`, {
      hint: `Say ${Object.keys(ACTION_WORDS).join(', ')}, or an action itself: kms:Decrypt.`,
    })
  })
}

/**
 * A principal as an ARN: an account's number is its root, a bare name is a user of the key's own account (on This computer,
 * what `coffer principal add` made). Throws INVALID_INPUT for what can be neither, and for everyone.
 */
export function principalArn(text: string, keyArn: string): string {
  const [, partition = 'aws'] = keyArn.split(':')
  if (/^arn:[\w-]+:(?:iam|sts)::\d{12}:.+$/.test(text)) return text
  if (/^\d{12}$/.test(text)) return `arn:${partition}:iam::${text}:root`
  if (/^[\w+=,.@-]{1,64}$/.test(text)) return `arn:${partition}:iam::${accountOf(keyArn) ?? ''}:user/${text}`
  throw new CofferError('INVALID_INPUT', `“${text}” names no principal.`, {
    hint: 'Give a user name, an account number of 12 digits, or an ARN; whoever means everyone writes the policy: --set.',
  })
}

/** The changed policy, or null if it says so already. All else in it stays as it is, in its order. */
export function editPolicy(policy: KeyPolicy, edit: PolicyEdit): KeyPolicy | null {
  return edit.change === 'remove' ? without(policy, edit.principal) : withStatement(policy, edit)
}

function withStatement(policy: KeyPolicy, { change, principal, actions }: PolicyEdit): KeyPolicy | null {
  const Effect = change === 'allow' ? 'Allow' : 'Deny'
  const statements = statementsOf(policy)
  const alike = statements.findIndex((statement) => isPlain(statement, Effect, actions))
  const present = statements[alike]
  if (present === undefined) {
    const added: Statement = { Effect, Principal: { AWS: principal }, Action: one(actions), Resource: '*' }
    return { ...policy, Statement: [...statements, added] }
  }
  const named = principalsOf(present)
  if (named.includes(principal)) return null
  return { ...policy, Statement: statements.with(alike, { ...present, Principal: { AWS: [...named, principal] } }) }
}

/** A statement that says just this of AWS principals, and can take one more of them. */
function isPlain(statement: Statement, effect: Statement['Effect'], actions: string[]): boolean {
  const { Effect, Principal, Action, Resource, Condition } = statement
  return (
    Effect === effect &&
    typeof Principal === 'object' &&
    Object.keys(Principal).join() === 'AWS' &&
    !listOf(Principal.AWS).includes('*') &&
    listOf(Action).toSorted().join() === actions.toSorted().join() &&
    listOf(Resource).join() === '*' &&
    Condition === undefined
  )
}

function without(policy: KeyPolicy, principal: string): KeyPolicy | null {
  const statements = statementsOf(policy)
  if (!statements.some((statement) => principalsOf(statement).includes(principal))) return null
  const left = statements.flatMap((statement) => withoutPrincipal(statement, principal))
  if (left.length === 0) {
    throw new CofferError(
      'INVALID_INPUT',
      'Nothing would be left of the key policy, and a key cannot be without one.',
      {
        hint: 'Allow someone else first: coffer kms policy KEY --allow PRINCIPAL.',
      },
    )
  }
  return { ...policy, Statement: left }
}

function withoutPrincipal(statement: Statement, principal: string): Statement[] {
  const { Principal } = statement
  if (typeof Principal !== 'object' || !listOf(Principal.AWS).includes(principal)) return [statement]
  const { AWS, ...others } = Principal
  const left = listOf(AWS).filter((name) => name !== principal)
  if (left.length > 0) return [{ ...statement, Principal: { ...others, AWS: one(left) } }]
  return Object.keys(others).length === 0 ? [] : [{ ...statement, Principal: others }]
}

function principalsOf({ Principal }: Statement): string[] {
  return typeof Principal === 'object' ? listOf(Principal.AWS) : []
}

function one(values: string[]): string | string[] {
  const [first] = values
  return values.length === 1 && first !== undefined ? first : values
}
