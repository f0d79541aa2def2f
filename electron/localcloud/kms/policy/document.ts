import { z } from 'zod'
import { ACCOUNT, OWNER_ARN } from '../../account.ts'
import { KmsError } from '../../request.ts'
import { knowsOperator, type Condition } from './condition.ts'

/** A list of patterns, or everything but them (`NotAction` and its like). */
export interface Patterns {
  negated: boolean
  values: string[]
}

export interface Statement {
  effect: 'Allow' | 'Deny'
  /** ARNs, `*`, or what cannot be a principal here (a service). */
  principals: Patterns
  actions: Patterns
  resources: Patterns
  conditions: Condition[]
}

const MAX_POLICY_BYTES = 32_768

const strings = z.union([z.string().transform((one) => [one]), z.array(z.string())])
const conditionValue = z.union([z.string(), z.boolean(), z.number()]).transform(String)
const conditionValues = z.union([conditionValue.transform((one) => [one]), z.array(conditionValue)])
const principals = z.union([
  z.literal('*').transform(() => ({ AWS: ['*'] })),
  z.strictObject({
    AWS: strings.optional(),
    Service: strings.optional(),
    Federated: strings.optional(),
    CanonicalUser: strings.optional(),
  }),
])

const statementSchema = z.strictObject({
  Sid: z.string().optional(),
  Effect: z.enum(['Allow', 'Deny']),
  Principal: principals.optional(),
  NotPrincipal: principals.optional(),
  Action: strings.optional(),
  NotAction: strings.optional(),
  Resource: strings.optional(),
  NotResource: strings.optional(),
  Condition: namesOnly(z.record(z.string(), namesOnly(z.record(z.string(), conditionValues)))).optional(),
})

/** z.record leaves a member named __proto__ out, and a condition that vanished would hold for everyone. */
function namesOnly<Schema extends z.ZodType>(schema: Schema) {
  return z.unknown().refine(hasOnlyNames, 'Unrecognized key: "__proto__"').pipe(schema)
}

function hasOnlyNames(value: unknown): boolean {
  return typeof value !== 'object' || value === null || !Object.hasOwn(value, '__proto__')
}

const documentSchema = z.strictObject({
  Version: z.enum(['2012-10-17', '2008-10-17']).optional(),
  Id: z.string().optional(),
  Statement: z.union([statementSchema.transform((one) => [one]), z.array(statementSchema).min(1)]),
})

type RawStatement = z.infer<typeof statementSchema>

/** Reads a key policy. Throws MalformedPolicyDocumentException, with the reason, for what IAM would not accept. */
export function parsePolicy(text: string): Statement[] {
  if (Buffer.byteLength(text) > MAX_POLICY_BYTES) {
    throw new KmsError('LimitExceededException', 'The key policy is larger than 32 KB.')
  }
  const parsed = documentSchema.safeParse(parseJson(text))
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    throw malformed(`${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'invalid'}`)
  }
  return parsed.data.Statement.map(toStatement)
}

/** Refuses principals that do not exist, as AWS does: a policy must not name who may come later. */
export function checkPrincipals(statements: Statement[], exists: (arn: string) => boolean): void {
  const known = (value: string): boolean =>
    value === '*' || value === OWNER_ARN || value === ACCOUNT || isUniqueId(value) || isService(value) || exists(value)
  const stranger = statements.flatMap(({ principals: { values } }) => values).find((value) => !known(value))
  if (stranger !== undefined) {
    throw malformed(`Policy contains a statement with one or more invalid principals: ${stranger}`)
  }
}

/**
 * A policy with a deleted principal's ARN replaced by its unique id, so that a later namesake inherits nothing; null if it
 * does not name that principal.
 */
export function replacePrincipal(text: string, arn: string, uniqueId: string): string | null {
  if (!parsePolicy(text).some(({ principals: { values } }) => values.includes(arn))) return null
  const inPrincipals = (_key: string, value: unknown): unknown => (value === arn ? uniqueId : value)
  const inStatements = (key: string, value: unknown): unknown =>
    key === 'Principal' || key === 'NotPrincipal' ? JSON.parse(JSON.stringify(value, inPrincipals)) : value
  return JSON.stringify(JSON.parse(text), inStatements, 2)
}

function toStatement(raw: RawStatement): Statement {
  const conditions = Object.entries(raw.Condition ?? {}).flatMap(([operator, keys]) =>
    Object.entries(keys).map(([key, values]) => ({ operator, key, values })),
  )
  const unknown = conditions.find(({ operator }) => !knowsOperator(operator))
  if (unknown) throw malformed(`Condition: ${unknown.operator} is not supported`)
  return {
    effect: raw.Effect,
    principals: oneOf('Principal', flatPrincipals(raw.Principal), flatPrincipals(raw.NotPrincipal)),
    actions: actionPatterns(oneOf('Action', raw.Action, raw.NotAction)),
    resources: oneOf('Resource', raw.Resource, raw.NotResource),
    conditions,
  }
}

function oneOf(name: string, positive: string[] | undefined, negative: string[] | undefined): Patterns {
  if (positive && negative) throw malformed(`${name} and Not${name} exclude each other`)
  const values = positive ?? negative
  if (!values || values.length === 0) throw malformed(`A statement has no ${name}`)
  return { negated: !positive, values }
}

function actionPatterns(actions: Patterns): Patterns {
  const strange = actions.values.find((action) => action !== '*' && !/^[\w-]+:[\w*?]+$/.test(action))
  if (strange !== undefined) throw malformed(`${strange} is not an action`)
  return actions
}

function flatPrincipals(value: RawStatement['Principal']): string[] | undefined {
  if (!value) return undefined
  return Object.values(value).flatMap((names) => names ?? [])
}

function isUniqueId(value: string): boolean {
  return /^AIDA[A-Z2-7]{17}$/.test(value)
}

function isService(value: string): boolean {
  return value.endsWith('.amazonaws.com')
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw malformed('The policy is not valid JSON')
  }
}

function malformed(why: string): KmsError {
  return new KmsError('MalformedPolicyDocumentException', why)
}
