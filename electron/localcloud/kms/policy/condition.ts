import { glob } from './glob.ts'

/** What a request brings to a condition: values by key. Key names compare without case, except what follows `kms:EncryptionContext:`. */
export type ConditionFacts = ReadonlyMap<string, readonly string[]>

/** One line of a Condition block. */
export interface Condition {
  operator: string
  key: string
  values: string[]
}

interface Operator {
  /** Does one value of the request match one value of the policy? */
  match: (fact: string, value: string) => boolean
  /** `StringNotEquals` and its like: true when nothing matches, and for a missing key. */
  negated: boolean
}

const same = (fact: string, value: string): boolean => fact === value
const sameIgnoringCase = (fact: string, value: string): boolean => fact.toLowerCase() === value.toLowerCase()
const like = (fact: string, value: string): boolean => glob(value, fact)

const OPERATORS = new Map<string, Operator>([
  ['StringEquals', { match: same, negated: false }],
  ['StringNotEquals', { match: same, negated: true }],
  ['StringEqualsIgnoreCase', { match: sameIgnoringCase, negated: false }],
  ['StringNotEqualsIgnoreCase', { match: sameIgnoringCase, negated: true }],
  ['StringLike', { match: like, negated: false }],
  ['StringNotLike', { match: like, negated: true }],
  ['ArnEquals', { match: like, negated: false }],
  ['ArnLike', { match: like, negated: false }],
  ['ArnNotEquals', { match: like, negated: true }],
  ['ArnNotLike', { match: like, negated: true }],
  ['Bool', { match: sameIgnoringCase, negated: false }],
])

const CONTEXT_PREFIX = 'kms:encryptioncontext:'

type Quantifier = 'ForAnyValue' | 'ForAllValues' | undefined

interface ParsedOperator {
  quantifier: Quantifier
  name: string
  ifExists: boolean
}

/** Whether this service can judge an operator. Null takes neither a quantifier nor IfExists. */
export function isKnownOperator(operator: string): boolean {
  return operator === 'Null' || OPERATORS.has(parseOperator(operator).name)
}

/** What a request brings, apart from its encryption context; `access.ts` gathers it. */
const KEYS = new Set([
  'kms:calleraccount',
  'kms:viaservice',
  'kms:encryptioncontextkeys',
  'aws:principalaccount',
  'aws:principalarn',
])

/** Whether requests are told apart by this condition key here. */
export function isKnownKey(key: string): boolean {
  return KEYS.has(key.toLowerCase()) || contextKeyOf(key) !== undefined
}

/** The pair of the encryption context that a condition key is about; undefined for other keys. */
export function contextKeyOf(key: string): string | undefined {
  return key.toLowerCase().startsWith(CONTEXT_PREFIX) ? key.slice(CONTEXT_PREFIX.length) : undefined
}

/** Judges one condition as IAM does (AWS, "IAM JSON policy elements: Condition operators"). */
export function holds(condition: Condition, facts: ConditionFacts): boolean {
  const { quantifier, name, ifExists } = parseOperator(condition.operator)
  const found = facts.get(normalKey(condition.key))
  if (name === 'Null')
    return condition.values.some((value) => (value.toLowerCase() === 'true') === (found === undefined))
  const operator = OPERATORS.get(name)
  if (!operator) return false
  if (found === undefined)
    return ifExists || quantifier === 'ForAllValues' || (operator.negated && quantifier === undefined)
  const passes = (fact: string): boolean =>
    condition.values.some((value) => operator.match(fact, value)) !== operator.negated
  return quantifier === 'ForAnyValue' ? found.some(passes) : found.every(passes)
}

/** The form in which condition keys are compared. */
export function normalKey(key: string): string {
  const pair = contextKeyOf(key)
  return pair === undefined ? key.toLowerCase() : CONTEXT_PREFIX + pair
}

function parseOperator(operator: string): ParsedOperator {
  const [, quantifier, rest = operator] = /^(ForAnyValue|ForAllValues):(.*)$/.exec(operator) ?? []
  const ifExists = rest.endsWith('IfExists')
  return { quantifier: quantifier as Quantifier, name: ifExists ? rest.slice(0, -'IfExists'.length) : rest, ifExists }
}
