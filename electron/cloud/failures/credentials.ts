import { CofferError, isCofferError } from '../../base/errors.ts'
import { refusal, text, type Answer, type Call, type Description } from '../answer.ts'
import { answerOf } from '../failure.ts'
import { describeNetworkFailure } from '../network-failure.ts'
import { describeKnown } from './s3-codes.ts'

/**
 * Why there are no credentials. They come from STS and IAM Identity Center, with addresses, credentials and refusals of their
 * own; told as a refusal of the call that needed them, "AccessDenied" would be taken for one of S3. Never repeats a token.
 */
export function describeCredentialFailure(error: unknown): CofferError {
  if (isCofferError(error)) return error
  const call: Call = { service: 'STS', operation: 'the request for credentials', input: {} }
  const network = describeNetworkFailure(error)
  if (network !== null) return failureOf(elsewhere(network), {}, error)
  const answer = answerOf(error, call)
  if (answer === null) {
    const message = 'The credentials of this AWS profile cannot be had.'
    return new CofferError('CREDENTIALS_MISSING', message, { cause: error })
  }
  return failureOf(describeKnown(answer) ?? describeRefusal(answer, call), answer.facts, undefined)
}

function failureOf(said: NonNullable<Description>, facts: Record<string, string>, cause: unknown): CofferError {
  const { code, message, hint } = said
  return new CofferError(code, message, {
    ...(hint === undefined ? {} : { hint }),
    facts: { ...facts, ...said.facts },
    cause,
  })
}

/** Says whose address it is. */
function elsewhere(said: NonNullable<Description>): NonNullable<Description> {
  const isOfAddress = said.code === 'NETWORK' || said.code === 'TLS' || said.code === 'NOT_S3'
  return isOfAddress ? { ...said, message: `${SIGN_IN} ${said.message}`, hint: said.hint ?? HINT } : said
}

const SIGN_IN = 'AWS credentials come from STS or IAM Identity Center, and that failed.'
const HINT = "Check that service's endpoint and region in the AWS profile, then try again."

function describeRefusal(answer: Answer, call: Call): NonNullable<Description> {
  const { status, code, message } = answer
  if (status >= 500 || status === 429) return { code: 'SERVER', message: `${SIGN_IN} ${refusal(answer, call)}` }
  if (code === 'UnauthorizedException' || code === 'InvalidGrantException') {
    return { code: 'CREDENTIALS_EXPIRED', message: 'The sign-in of this AWS profile has expired.' }
  }
  if (status < 300 || code === '') {
    return { code: 'NOT_S3', message: 'What answers is neither STS nor IAM Identity Center.', hint: HINT }
  }
  if (status !== 403) return { code: 'BAD_CREDENTIALS', message: refusal(answer, call), hint: HINT }
  const action = /not authorized to perform:? ([\w-]+:\w+)/i.exec(message)?.[1]
  return {
    code: 'ACCESS_DENIED',
    message: refusal(answer, call),
    hint: `Ask whoever manages the account to let this profile take on its role${action === undefined ? '' : ` (${action})`}.`,
    facts: text('action', action),
  }
}
