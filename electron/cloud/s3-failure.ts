import { nameOf, refusal, serverWords, type Answer, type Call, type Description } from './answer.ts'
import { describeCustomerKey } from './failures/customer-key.ts'
import { describeDenied } from './failures/denied.ts'
import { describeFull, describeKnown, describeNotOffered } from './failures/s3-codes.ts'

/**
 * What S3 (and what S3 and KMS have in common: credentials, clock, throttling) refuses. Never null: the last resort is
 * the status, with the server's own words. Codes: Amazon S3 API reference, "Error responses".
 */
export function describeS3Failure(answer: Answer, call: Call): NonNullable<Description> {
  return (
    describeRegion(answer) ??
    describeKnown(answer) ??
    describeFull(answer) ??
    describeNotOffered(answer, call) ??
    describeCondition(answer, call) ??
    describeMissing(answer, call) ??
    describeCustomerKey(answer, call) ??
    describeDenied(answer, call) ??
    describeStatus(answer, call)
  )
}

const REDIRECTS = new Set(['PermanentRedirect', 'TemporaryRedirect', 'Redirect', 'IllegalLocationConstraintException'])

function describeRegion({ code, status, message, headers, fields }: Answer): Description {
  const malformed = code === 'AuthorizationHeaderMalformed' && /region/i.test(message)
  if (!malformed && !REDIRECTS.has(code) && status !== 301 && status !== 307) return null
  const region = headers['x-amz-bucket-region'] ?? fields.Region ?? /expecting '([\w-]+)'/.exec(message)?.[1]
  if (typeof region !== 'string') return { code: 'WRONG_REGION', message: 'The bucket is in another region.' }
  return {
    code: 'WRONG_REGION',
    message: `The bucket is in another region: ${region}.`,
    hint: `Use its own region: --region ${region}`,
    facts: { region },
  }
}

/** Status 412, and 409 for two conditional writes at the same moment. */
function describeCondition({ code, status }: Answer, { input }: Call): Description {
  if (code === 'ConditionalRequestConflict') {
    return { code: 'SERVER', message: 'Someone else wrote this object at the same moment.' }
  }
  if (code !== 'PreconditionFailed' && status !== 412) return null
  // A copy has conditions on both ends, and the server does not tell which of them failed.
  const isCopy = input.CopySource !== undefined
  if (input.IfNoneMatch !== undefined && !isCopy) {
    return { code: 'ALREADY_EXISTS', message: `${nameOf(input)} exists already.` }
  }
  return {
    code: 'CHANGED_WHILE_READ',
    message: `${isCopy ? 'What was to be copied, or to be replaced by the copy,' : nameOf(input)} was replaced in the meantime.`,
    hint: 'Try again: it is another object now.',
  }
}

function describeMissing({ code, status, headers }: Answer, { operation, input }: Call): Description {
  if (code === 'NoSuchBucket' || (operation === 'HeadBucket' && status === 404)) {
    return { code: 'BUCKET_NOT_FOUND', message: `There is no bucket ${String(input.Bucket)}.` }
  }
  if (headers['x-amz-delete-marker'] === 'true') {
    return { code: 'OBJECT_NOT_FOUND', message: `${nameOf(input)} was deleted.` }
  }
  if (code === 'NoSuchUpload') {
    return {
      code: 'OBJECT_NOT_FOUND',
      message: 'The server no longer knows this upload: it was aborted or completed.',
      hint: 'Start the upload again.',
    }
  }
  if (code === 'NoSuchKey' || code === 'NoSuchVersion' || (operation === 'HeadObject' && status === 404)) {
    return { code: 'OBJECT_NOT_FOUND', message: `There is no object ${nameOf(input)}.` }
  }
  return null
}

function describeStatus(answer: Answer, call: Call): NonNullable<Description> {
  const { status } = answer
  const { operation } = call
  const words = serverWords(answer)
  if (status === 429) return { code: 'THROTTLED', message: 'The server asks to slow down.' }
  if (status >= 500) {
    return {
      code: 'SERVER',
      message: `The server failed at ${operation} (${words.startsWith(String(status)) ? words : `${status} ${words}`.trim()}).`,
    }
  }
  if (status === 404) return { code: 'OBJECT_NOT_FOUND', message: refusal(answer, call) }
  if (status < 400) return { code: 'SERVER', message: `The server's answer to ${operation} cannot be read.` }
  return { code: 'INVALID_INPUT', message: refusal(answer, call), hint: statusHint(words, call) }
}

function statusHint(words: string, { input }: Call): string {
  if (input.SSECustomerKey !== undefined)
    return 'Some servers (Ceph) take customer keys over an https:// endpoint only.'
  return words === ''
    ? "Check the endpoint, the region and this computer's clock, then try again."
    : "These are the server's own words; its documentation says what it expects."
}
