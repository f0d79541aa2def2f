import * as z from 'zod'
import { CofferError } from '../../base/errors.ts'
import { JsonSyntaxError, lineAndColumn, readJson } from './json-places.ts'
import type { PlacedJson } from './json-places.ts'

/** KMS takes no larger policy, in bytes (AWS KMS API, PutKeyPolicy). */
const MAX_BYTES = 32_768

const oneOrMore = z.union([z.string(), z.array(z.string()).min(1)])
const principal = z.union([
  z.literal('*'),
  z.strictObject({
    AWS: oneOrMore.optional(),
    Service: oneOrMore.optional(),
    Federated: oneOrMore.optional(),
    CanonicalUser: oneOrMore.optional(),
  }),
])
const conditionValue = z.union([z.string(), z.number(), z.boolean()])

const statement = z
  .strictObject({
    Sid: z.string().optional(),
    Effect: z.enum(['Allow', 'Deny']),
    Principal: principal.optional(),
    NotPrincipal: principal.optional(),
    Action: oneOrMore.optional(),
    NotAction: oneOrMore.optional(),
    Resource: oneOrMore.optional(),
    NotResource: oneOrMore.optional(),
    Condition: z
      .record(z.string(), z.record(z.string(), z.union([conditionValue, z.array(conditionValue)])))
      .optional(),
  })
  .check(exactlyOne('Principal'), exactlyOne('Action'), exactlyOne('Resource'))

const document = z.strictObject({
  Version: z.enum(['2012-10-17', '2008-10-17']).optional(),
  Id: z.string().optional(),
  Statement: z.union([statement, z.array(statement).min(1, 'a policy has a statement at least')]),
})

/** A key policy (AWS KMS Developer Guide, "Key policies"; IAM User Guide, "Grammar of the IAM JSON policy language"). */
export type KeyPolicy = z.infer<typeof document>
export type Statement = z.infer<typeof statement>

/** Reads a key policy. Throws INVALID_INPUT that says what is wrong, with line and column (also as facts). */
export function parseKeyPolicy(text: string): KeyPolicy {
  if (Buffer.byteLength(text) > MAX_BYTES) {
    throw new CofferError('INVALID_INPUT', 'The key policy is larger than 32 KB, which is the most that KMS takes.')
  }
  const json = placed(text)
  const parsed = document.safeParse(json.value)
  if (parsed.success) return parsed.data
  const issue = deepest(parsed.error.issues)
  const what = `${inWords(issue.path)}${issue.message}`
  throw broken(text, json.at(issue.path), what)
}

export function statementsOf({ Statement }: KeyPolicy): Statement[] {
  return [Statement].flat()
}

/** One string or many, as many. */
export function listOf(value: string | string[] | undefined): string[] {
  return value === undefined ? [] : [value].flat()
}

/** As a person reads it. */
export function printPolicy(policy: KeyPolicy): string {
  return JSON.stringify(policy, null, 2)
}

function placed(text: string): PlacedJson {
  try {
    return readJson(text)
  } catch (error) {
    if (error instanceof JsonSyntaxError) throw broken(text, error.offset, error.message)
    throw error
  }
}

function broken(text: string, offset: number, what: string): CofferError {
  const { line, column } = lineAndColumn(text, offset)
  return new CofferError('INVALID_INPUT', `The key policy is wrong at line ${line}, column ${column}: ${what}.`, {
    hint: 'Correct it there and try again; the policy in KMS is as it was.',
    facts: { line: String(line), column: String(column) },
  })
}

function exactlyOne(name: 'Principal' | 'Action' | 'Resource') {
  return z.check<Record<string, unknown>>(({ value, issues }) => {
    const [positive, negative] = [value[name], value[`Not${name}`]]
    if ((positive === undefined) !== (negative === undefined)) return
    const message = positive === undefined ? `a statement needs ${name}` : `${name} and Not${name} exclude each other`
    issues.push({ code: 'custom', message, input: value })
  })
}

interface Issue {
  path: PropertyKey[]
  message: string
  errors?: Issue[][]
}

/** Of the alternatives that failed, the one that got furthest is the one that was meant. */
function deepest(issues: readonly unknown[], above: PropertyKey[] = []): Issue {
  const found = (issues as Issue[]).map((issue): Issue => {
    const path = [...above, ...issue.path]
    const inner = (issue.errors ?? []).filter((errors) => errors.length > 0).map((errors) => deepest(errors, path))
    return [...inner, { ...issue, path }].reduce(further)
  })
  return found.reduce(further)
}

function further(one: Issue, other: Issue): Issue {
  return other.path.length > one.path.length ? other : one
}

/** `Statement 2, Effect: `; statements are counted from 1. */
function inWords(path: PropertyKey[]): string {
  if (path.length === 0) return ''
  const words = path.map((step) => (typeof step === 'number' ? String(step + 1) : String(step)))
  return `${words.join(', ').replace(/^Statement, (\d+)/, 'Statement $1')}: `
}
