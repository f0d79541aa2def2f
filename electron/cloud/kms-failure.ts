import { text, type Answer, type Call, type Description } from './answer.ts'

/**
 * What KMS refuses, told by itself or by S3 on its behalf (`KMS.DisabledException`, or AccessDenied naming a kms action).
 * Null if the failure is not KMS's. Codes: AWS KMS API reference, "Common errors" and each operation's own.
 */
export function describeKmsFailure(answer: Answer, call: Call): Description {
  const facts = text('kmsKeyId', call.input.KeyId ?? call.input.SSEKMSKeyId ?? keyIn(answer.message))
  const said = describe(answer)
  return said === null ? null : { ...said, facts: { ...facts, ...said.facts } }
}

function describe(answer: Answer): Description {
  const { code, message } = answer
  const action = /not authorized to perform:? (kms:\w+)/i.exec(message)?.[1]
  if (action !== undefined) {
    return { code: 'KMS_DENIED', message: `KMS does not allow ${action} on this key.`, facts: { action } }
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
    case 'InvalidArnException':
    case 'InvalidAliasNameException':
      return { code: 'INVALID_INPUT', message: `KMS: ${message}` }
    case 'MalformedPolicyDocumentException':
      return { code: 'INVALID_INPUT', message: 'KMS cannot read this key policy.' }
    case 'AlreadyExistsException':
      return { code: 'ALREADY_EXISTS', message: 'KMS has this name already.', hint: 'Choose another name.' }
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

function describeState(message: string): Description {
  if (/pending (?:replica )?deletion|PendingDeletion/i.test(message)) {
    return { code: 'KMS_KEY_PENDING_DELETION', message: 'The KMS key waits for its deletion and cannot be used.' }
  }
  if (/disabled/i.test(message)) return { code: 'KMS_KEY_DISABLED', message: 'The KMS key is disabled.' }
  return { code: 'KMS_KEY_DISABLED', message: 'The KMS key is in a state in which it cannot be used.' }
}

function keyIn(message: string): string | undefined {
  return /arn:aws[\w-]*:kms:[\w-]+:\d+:(?:key|alias)\/[\w/-]+/.exec(message)?.[0]
}
