import type { ErrorCode } from '../base/errors.ts'
import { refusal, text, type Answer, type Call, type Description } from './answer.ts'
import { describeFull, describeKnown } from './failures/s3-codes.ts'

/**
 * What KMS refuses, told by itself or by S3 on its behalf (`KMS.DisabledException`, or AccessDenied naming a kms action).
 * Null if the failure is not KMS's. Codes: AWS KMS API reference, "Common errors" and each operation's own.
 */
export function describeKmsFailure(answer: Answer, call: Call): Description {
  const key = call.input.KeyId ?? call.input.SSEKMSKeyId ?? keyIn(answer.message)
  const own = describeMissingKey(answer) ?? describeUse(answer) ?? describeManagement(answer, call)
  const said = own ?? (call.service === 'KMS' ? describeCommon(answer, call) : null)
  if (said === null) return null
  const hint = said.hint ?? (typeof key === 'string' ? wayBack(said.code, key) : undefined)
  return { ...said, ...text('hint', hint), facts: { ...text('kmsKeyId', key), ...said.facts } }
}

/** The command that makes a key usable again, where there is one. */
function wayBack(code: ErrorCode, key: string): string | undefined {
  if (code === 'KMS_KEY_DISABLED') return `Enable the key, then try again: coffer kms enable ${key}`
  if (code !== 'KMS_KEY_PENDING_DELETION') return undefined
  return `Keep the key (coffer kms cancel-deletion ${key}), then enable it (coffer kms enable ${key}).`
}

/**
 * Ceph asks a key store for the key of SSE-KMS, and says InvalidAccessKeyId or InvalidArgument where that has none:
 * "Failed to retrieve the actual key, kms-keyid: NAME".
 */
function describeMissingKey({ message }: Answer): Description {
  const [found, key = ''] = /failed to retrieve the actual key(?:, kms-keyid:? ?(\S*))?|kms-keyid/i.exec(message) ?? []
  if (found === undefined) return null
  return {
    code: 'KMS_KEY_NOT_FOUND',
    message: `The server has no KMS key ${key === '' ? 'of this name' : key}.`,
    hint: "Name a key that the server's own key store has: --key.",
    facts: text('kmsKeyId', key),
  }
}

function describeCommon(answer: Answer, call: Call): Description {
  return describeKnown(answer) ?? describeFull(answer) ?? describeOther(answer, call)
}

/** An answer of KMS that no code explains. */
function describeOther(answer: Answer, call: Call): Description {
  const { status } = answer
  if (status === 429) return { code: 'THROTTLED', message: 'KMS asks to slow down.' }
  if (status >= 500) return { code: 'SERVER', message: refusal(answer, call) }
  if (status < 400) return { code: 'SERVER', message: `The answer of KMS to ${call.operation} cannot be read.` }
  if (status === 404 || status === 405 || answer.code === 'MethodNotAllowed' || answer.code === 'NotImplemented')
    return noKms(call)
  return status === 401 || status === 403
    ? { code: 'KMS_DENIED', message: refusal(answer, call), hint: 'Ask whoever manages the account, or runs this KMS.' }
    : {
        code: 'INVALID_INPUT',
        message: refusal(answer, call),
        hint: 'The reason is the own of KMS: see its documentation.',
      }
}

function noKms({ operation }: Call): Description {
  return { code: 'UNSUPPORTED', message: `This server offers no ${operation} of KMS.`, hint: ELSEWHERE }
}

/** No key policy says who may do these: they name no key. */
const OF_NO_KEY = new Set(['kms:ListKeys', 'kms:ListAliases', 'kms:CreateKey'])

/** What refuses the use of a key. */
function describeUse(answer: Answer): Description {
  const { code, message } = answer
  const action = /not authorized to perform:? (kms:\w+)/i.exec(message)?.[1]
  if (action !== undefined) {
    const isOfKey = !OF_NO_KEY.has(action)
    return {
      code: 'KMS_DENIED',
      message: isOfKey ? `KMS does not allow ${action} on this key.` : `You are not allowed to use ${action}.`,
      facts: { action },
      ...(isOfKey ? {} : { hint: 'Ask whoever manages the account to allow it in your IAM policy.' }),
    }
  }
  switch (code) {
    case 'DisabledException':
    case 'KMSKeyDisabled':
      return { code: 'KMS_KEY_DISABLED', message: 'The KMS key is disabled.' }
    case 'KMSInvalidStateException':
      return describeState(message)
    case 'KeyUnavailableException':
    case 'DependencyTimeoutException':
    case 'KMSInternalException':
      return { code: 'SERVER', message: 'KMS could not be reached by the service that asked it.' }
    case 'InvalidCiphertextException':
      return {
        code: 'ENVELOPE_INVALID',
        message: 'KMS does not recognise the wrapped data key: it was changed, or its encryption context was.',
      }
    case 'IncorrectKeyException':
      return { code: 'KEY_WRONG', message: 'The data key was wrapped by another KMS key than the one named.' }
    case 'InvalidKeyUsageException':
      return { code: 'INVALID_INPUT', message: 'This KMS key is not for encryption.', hint: 'Choose a symmetric key.' }
    // S3 says InvalidArgument or NotFoundException for a key that is not there; KMS says NotFoundException.
    case 'NotFoundException':
      return { code: 'KMS_KEY_NOT_FOUND', message: 'KMS has no such key in this region.' }
    case 'AccessDeniedException':
      return { code: 'KMS_DENIED', message: `KMS does not allow this${message === '' ? '.' : `: ${message}`}` }
    default:
      return answer.fromKms && answer.status === 403
        ? { code: 'KMS_DENIED', message: 'KMS does not allow S3 to use this key for you.' }
        : null
  }
}

/** What refuses the management of keys; these names are KMS's alone only where KMS was asked. */
function describeManagement({ code, message, status }: Answer, call: Call): Description {
  const { operation } = call
  switch (code) {
    case 'MalformedPolicyDocumentException':
      return /update the key policy in the future/i.test(message)
        ? { code: 'POLICY_LOCKOUT', message: 'KMS refuses a key policy that would keep you from changing it again.' }
        : { code: 'INVALID_INPUT', message: `KMS refuses this key policy${because(message)}` }
    case 'AlreadyExistsException':
      return { code: 'ALREADY_EXISTS', message: 'KMS has this name already.', hint: 'Choose another name.' }
    case 'InvalidArnException':
    case 'InvalidAliasNameException':
    case 'TagException':
    case 'LimitExceededException':
      return { code: 'INVALID_INPUT', message: `KMS refuses ${operation}${because(message)}` }
    case 'ConflictException':
      return { code: 'SERVER', message: `KMS is still busy with this key${because(message)}` }
    case 'UnknownOperationException':
      return { code: 'UNSUPPORTED', message: `This server's KMS does not offer ${operation}.`, hint: ELSEWHERE }
    case 'UnsupportedOperationException':
      return {
        code: 'UNSUPPORTED',
        message: `KMS does not offer ${operation} for this${because(message)}`,
        hint: ELSEWHERE,
      }
    // Aliases under alias/aws/, and keys that a service manages.
    case 'NotAuthorizedException':
      return { code: 'KMS_DENIED', message: `KMS does not allow ${operation} on what AWS manages.` }
    default:
      return call.service === 'KMS' && (status === 404 || status === 501) ? noKms(call) : null
  }
}

const ELSEWHERE = 'Use a key of another kind or another server for this.'

function because(message: string): string {
  return message === '' ? '.' : `: ${message}`
}

function describeState(message: string): Description {
  if (/not pending deletion/i.test(message)) {
    return {
      code: 'INVALID_INPUT',
      message: 'The KMS key does not wait for a deletion.',
      hint: 'See its state: coffer kms describe KEY.',
    }
  }
  if (/pending (?:replica )?deletion|PendingDeletion/i.test(message)) {
    return { code: 'KMS_KEY_PENDING_DELETION', message: 'The KMS key waits for its deletion and cannot be used.' }
  }
  if (/disabled/i.test(message)) return { code: 'KMS_KEY_DISABLED', message: 'The KMS key is disabled.' }
  return { code: 'KMS_KEY_DISABLED', message: 'The KMS key is in a state in which it cannot be used.' }
}

function keyIn(message: string): string | undefined {
  return /arn:aws[\w-]*:kms:[\w-]+:\d+:(?:key|alias)\/[\w/-]+/.exec(message)?.[0]
}
