import { nameOf, type Answer, type Call, type Description } from '../answer.ts'
import { isBareDenial } from './denied.ts'

const SSE_C_BLOCK = /blocked upload requests that specify Server[- ]Side Encryption with Customer[- ]provided keys/i

/**
 * How servers ask for the key of an object under SSE-C: Amazon S3, MinIO and moto by the first sentence, Ceph by one that
 * asks for its algorithm, SeaweedFS for its key, Garage by the last.
 */
const ASKS_FOR_KEY =
  /stored using a form of (?:Server[- ]Side Encryption|SSE)|Server[- ]Side Encryption with Customer[- ]provided keys must provide|^(?:bad request: )?object is encrypted/i

/** How they refuse a key that is not the object's. */
const REFUSES_KEY =
  /must provide the correct secret key|secret key was invalid|(?:encryption|SSE)[^.]* (?:parameters|key)[^.]* did ?n[o']t match|MD5 hash of the key did not match|key MD5 hash does not match|SSE-C key[^.]* not correct/i

const NEEDS_TLS = /must be made over a secure connection/i

/**
 * Failures that are about a customer's key (SSE-C). HEAD's answers have no words and prove nothing: a bare 400 is also an
 * expired token or a wrong clock, so only words count here (see explain-head.ts).
 */
export function describeCustomerKey(answer: Answer, { operation, input }: Call): Description {
  const { status, message } = answer
  if (SSE_C_BLOCK.test(message)) {
    return { code: 'SSE_C_BLOCKED', message: `The bucket ${String(input.Bucket)} takes no objects under SSE-C.` }
  }
  if (NEEDS_TLS.test(message)) {
    return {
      code: 'INVALID_INPUT',
      message: 'The server takes customer keys over TLS only.',
      hint: 'Use an https:// endpoint, or CSE-C, which never sends the key.',
    }
  }
  if (operation !== 'GetObject' || (status !== 400 && status !== 403)) return null
  if (input.SSECustomerKey !== undefined) return describeGivenKey(answer, input)
  if (!ASKS_FOR_KEY.test(message)) return null
  return {
    code: 'CUSTOMER_KEY_NEEDED',
    message: `${nameOf(input)} is under SSE-C: the server asks for the key that it was stored under.`,
  }
}

function describeGivenKey(answer: Answer, input: Record<string, unknown>): Description {
  if (/not applicable|not stored using a form of/i.test(answer.message)) {
    return {
      code: 'INVALID_INPUT',
      message: `${nameOf(input)} is not under a customer key.`,
      hint: 'Read it without naming a customer key.',
    }
  }
  if (!REFUSES_KEY.test(answer.message) && !isBareDenial(answer)) return null
  return {
    code: 'KEY_WRONG',
    message: `S3 does not open ${nameOf(input)} with this customer key.`,
    hint: 'Name the key this object was written with: --key. If it is the right one, reading may not be allowed to you.',
  }
}
