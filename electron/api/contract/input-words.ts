import * as z from 'zod'

type Issue = z.core.$ZodRawIssue

/** Fields whose names people do not use; every other is called as it is spelt: `accessKeyId` is "access key id". */
const NAMES: Partial<Record<string, string>> = {
  caBundle: 'CA certificate',
  endpoint: 'address',
  kmsEndpoint: 'KMS address',
  to: 'destination',
}

const KINDS: Partial<Record<string, string>> = {
  array: 'a list',
  boolean: 'true or false',
  date: 'a date',
  int: 'a whole number',
  number: 'a number',
  object: 'a group of fields',
  record: 'a group of fields',
  string: 'a text',
}

/**
 * What is wrong with an input, as a sentence that names the field and no term of the schema. For z.config's `customError`;
 * a schema's own message goes first.
 */
export function inputWords(issue: Issue): string {
  const field = fieldOf(issue.path)
  switch (issue.code) {
    case 'invalid_type':
      if (issue.input === undefined) return `${field} is missing.`
      return `${field} must be ${KINDS[issue.expected] ?? 'of another kind'}.`
    case 'too_small':
      return `${field} ${atLeast(issue)}.`
    case 'too_big':
      return `${field} ${atMost(issue)}.`
    case 'invalid_format':
      if (issue.format === 'url') return `${field} must be a web address, such as https://s3.example.org.`
      return `${field} is not valid.`
    case 'invalid_value':
      return `${field} must be ${issue.values.length === 1 ? '' : 'one of: '}${issue.values.map(String).join(', ')}.`
    case 'unrecognized_keys':
      return `This is not known here: ${issue.keys.join(', ')}.`
    case 'invalid_union':
      return closest(issue.errors) ?? `${field} is not valid.`
    default:
      return `${field} is not valid.`
  }
}

function fieldOf(path: readonly PropertyKey[] | undefined): string {
  const name = path?.findLast((step) => typeof step === 'string')
  if (name === undefined) return 'The input'
  return `The ${NAMES[name] ?? name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)}`
}

function atLeast({ origin, minimum, inclusive }: Extract<Issue, { code: 'too_small' }>): string {
  const unit = unitOf(origin)
  if (unit === undefined)
    return `must be ${inclusive === false ? 'more than ' : ''}${shown(minimum)}${inclusive === false ? '' : ' or more'}`
  return minimum === 1 ? 'must not be empty' : `must have at least ${shown(minimum)} ${unit}`
}

function atMost({ origin, maximum, inclusive }: Extract<Issue, { code: 'too_big' }>): string {
  const unit = unitOf(origin)
  if (unit === undefined)
    return `must be ${inclusive === false ? 'less than ' : ''}${shown(maximum)}${inclusive === false ? '' : ' or less'}`
  return `may have at most ${shown(maximum)} ${unit}`
}

/** What the bound of such a value counts; undefined for a number, which is bounded itself. */
function unitOf(origin: string): string | undefined {
  if (origin === 'string') return 'characters'
  return origin === 'array' || origin === 'set' || origin === 'map' ? 'entries' : undefined
}

function shown(bound: number | bigint): string {
  return bound.toLocaleString('en-US')
}

/** The message of the alternative that fits best: the one in which the least is wrong, and deepest within. */
function closest(alternatives: readonly (readonly z.core.$ZodIssue[])[]): string | undefined {
  const depth = (issues: readonly z.core.$ZodIssue[]): number => issues[0]?.path.length ?? 0
  const [best] = alternatives
    .filter((issues) => issues.some(({ code }) => code !== 'invalid_type') || depth(issues) > 0)
    .toSorted((one, other) => one.length - other.length || depth(other) - depth(one))
  return best?.[0]?.message
}
