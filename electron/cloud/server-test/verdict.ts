import { isCofferError, type CofferError, type ErrorCode } from '../../base/errors.ts'
import type { Outcome, ServerCheck, ServerFinding } from '../../base/server-checks.ts'

/** What a check found out, and what it saw. */
export type Verdict = [outcome: Outcome, detail: string]

export const HOLDS: Verdict = ['holds', '']

/** Failures that a server answers with and that say nothing of what it can do: they end the whole test. */
const SAYS_NOTHING = new Set<ErrorCode>([
  ...(['BAD_CREDENTIALS', 'BUCKET_NOT_FOUND', 'CANCELLED', 'CLOCK_SKEW', 'CREDENTIALS_EXPIRED'] as const),
  ...(['INTERNAL', 'NETWORK', 'THROTTLED', 'TLS', 'WRONG_REGION'] as const),
])

/** What is forbidden to these credentials, or failed at this moment, may be there all the same. */
const UNDECIDED = new Set<ErrorCode>(['ACCESS_DENIED', 'KMS_DENIED', 'SERVER'])

/**
 * Carries out one check. A request that should succeed and is refused makes it `refused`, with the server's own words; one
 * that these credentials may not make, or at which the server fails, `unknown`. Throws failures that say nothing of the
 * server.
 */
export async function judge(check: ServerCheck, work: () => Promise<Verdict>): Promise<ServerFinding> {
  try {
    const [outcome, detail] = await work()
    return { check, outcome, detail }
  } catch (error) {
    // Coffer itself sends no customer's key over an open wire.
    if (isCofferError(error, 'INVALID_INPUT') && error.facts.status === undefined) {
      return { check, outcome: 'unknown', detail: error.message }
    }
    const refusal = asAnswer(error)
    return { check, outcome: UNDECIDED.has(refusal.code) ? 'unknown' : 'refused', detail: wordsOf(refusal) }
  }
}

/**
 * The server's refusal of a request that it should refuse; null: it accepted it. Throws failures that are no refusal: the
 * server's own, too.
 */
export async function refusalOf(request: Promise<unknown>): Promise<CofferError | null> {
  try {
    await request
    return null
  } catch (error) {
    const answer = asAnswer(error)
    if (answer.code === 'SERVER') throw answer
    return answer
  }
}

function asAnswer(error: unknown): CofferError {
  if (!isCofferError(error) || error.facts.status === undefined || SAYS_NOTHING.has(error.code)) throw error
  return error
}

/** The server's code and message, in one line without control characters. */
export function wordsOf({ message, facts }: CofferError): string {
  const { awsCode, serverMessage, status } = facts
  const said = [awsCode, serverMessage].filter((part) => part !== undefined && part !== '').join(': ')
  if (said === '' && status === undefined) return message
  return `It answers ${said === '' ? `with status ${status}` : said}`.replace(/\p{Cc}+/gu, ' ')
}
