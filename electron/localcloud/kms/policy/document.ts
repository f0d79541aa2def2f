import { z } from 'zod'
import { ACCOUNT, OWNER_ARN } from '../../account.ts'
import { KmsError } from '../../request.ts'
import type { Condition } from './condition.ts'
import { duplicateMember } from './duplicate-members.ts'
import { malformed } from './place.ts'
import { refuseVariables, requireActions, requireCondition } from './understood.ts'

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
  // Each is read on its own: a union tells no place.
  Statement: z.unknown().refine((value) => value !== undefined && (!Array.isArray(value) || value.length > 0), {
    message: 'a policy has at least one statement',
  }),
})

type RawStatement = z.infer<typeof statementSchema>

/**
 * Reads a key policy. Throws MalformedPolicyDocumentException, with the place and the reason, for what IAM would not accept and
 * for what this service cannot apply.
 */
export function parsePolicy(text: string): Statement[] {
  if (Buffer.byteLength(text) > MAX_POLICY_BYTES) {
    throw new KmsError('LimitExceededException', 'The key policy is larger than 32 KB.')
  }
  const json = parseJson(text)
  const twice = duplicateMember(text)
  if (twice) throw malformed(twice, 'is there twice')
  const { Statement: given, Version } = read(documentSchema, json, [])
  const statements: unknown[] = Array.isArray(given) ? given : [given]
  return statements.map((statement, index) => {
    const path = Array.isArray(given) ? ['Statement', index] : ['Statement']
    return toStatement(read(statementSchema, statement, path), path, Version)
  })
}

function read<Schema extends z.ZodType>(schema: Schema, value: unknown, path: PropertyKey[]): z.infer<Schema> {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw malformed([...path, ...(issue?.path ?? [])], issue?.message ?? 'invalid')
}

/** Refuses principals that do not exist, as AWS does: a policy must not name who may come later. */
export function checkPrincipals(statements: Statement[], exists: (arn: string) => boolean): void {
  const known = (value: string): boolean =>
    value === '*' || value === OWNER_ARN || value === ACCOUNT || isUniqueId(value) || isService(value) || exists(value)
  const stranger = statements.flatMap(({ principals: { values } }) => values).find((value) => !known(value))
  if (stranger !== undefined) {
    throw malformed([], `Policy contains a statement with one or more invalid principals: ${stranger}`)
  }
}

/**
 * A policy with a deleted principal's ARN replaced by its unique id, so that a later namesake inherits nothing; null if it
 * does not name that principal. The policy may be one that this service does not understand.
 */
export function replacePrincipal(text: string, arn: string, uniqueId: string): string | null {
  const found: string[] = []
  const inPrincipals = (_key: string, value: unknown): unknown => {
    if (value !== arn) return value
    found.push(arn)
    return uniqueId
  }
  const inStatements = (key: string, value: unknown): unknown =>
    key === 'Principal' || key === 'NotPrincipal' ? JSON.parse(JSON.stringify(value, inPrincipals)) : value
  const replaced = JSON.stringify(parseJson(text), inStatements, 2)
  return found.length > 0 ? replaced : null
}

function toStatement(raw: RawStatement, path: PropertyKey[], version: string | undefined): Statement {
  const hasVariables = version === '2012-10-17'
  const resources = oneOf('Resource', raw.Resource, raw.NotResource, path)
  if (hasVariables) refuseVariables(resources.values, [...path, resources.negated ? 'NotResource' : 'Resource'])
  const actions = oneOf('Action', raw.Action, raw.NotAction, path)
  requireActions(actions.values, [...path, actions.negated ? 'NotAction' : 'Action'])
  return {
    effect: raw.Effect,
    principals: principalPatterns(raw, path),
    actions,
    resources,
    conditions: conditionsOf(raw, [...path, 'Condition'], hasVariables),
  }
}

function conditionsOf({ Condition = {} }: RawStatement, path: PropertyKey[], hasVariables: boolean): Condition[] {
  return Object.entries(Condition).flatMap(([operator, keys]) =>
    Object.entries(keys).map(([key, values]) => {
      const condition = { operator, key, values }
      requireCondition(condition, [...path, operator], hasVariables)
      return condition
    }),
  )
}

/** NotPrincipal belongs to Deny alone (IAM, "AWS JSON policy elements: NotPrincipal"), and excepts somebody, not everybody. */
function principalPatterns(raw: RawStatement, path: PropertyKey[]): Patterns {
  const principals = oneOf('Principal', flatPrincipals(raw.Principal), flatPrincipals(raw.NotPrincipal), path)
  if (!principals.negated) return principals
  const at = [...path, 'NotPrincipal']
  if (raw.Effect === 'Allow')
    throw malformed(at, 'NotPrincipal is supported with Deny only: it would allow everybody else')
  if (principals.values.includes('*')) throw malformed(at, 'a statement that excepts everybody never applies')
  return principals
}

function oneOf(
  name: string,
  positive: string[] | undefined,
  negative: string[] | undefined,
  path: PropertyKey[],
): Patterns {
  if (positive && negative) throw malformed(path, `${name} and Not${name} exclude each other`)
  const values = positive ?? negative
  if (!values || values.length === 0) throw malformed(path, `the statement has no ${name}`)
  return { negated: !positive, values }
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
    throw malformed([], 'The policy is not valid JSON')
  }
}
