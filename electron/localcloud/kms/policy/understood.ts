import { contextKeyOf, isKnownKey, isKnownOperator, type Condition } from './condition.ts'
import { glob } from './glob.ts'
import { malformed } from './place.ts'

/**
 * What this service cannot apply as AWS would is refused when a policy is put, with its place: a Deny that is accepted and
 * never applied would let everyone in. A stored policy that has it denies.
 */

/** Throws unless every request can be judged by this condition. `path`: to the operator's block. */
export function requireCondition(
  { operator, key, values }: Condition,
  path: PropertyKey[],
  hasVariables: boolean,
): void {
  if (!isKnownOperator(operator)) throw malformed(path, `the condition operator ${operator} is not supported here`)
  const at = [...path, key]
  if (!isKnownKey(key)) throw malformed(at, `the condition key ${key} is not supported here`)
  if (contextKeyOf(key) === '') throw malformed(at, `${key} names no pair of the encryption context`)
  if (values.length === 0) throw malformed(at, 'a condition has at least one value')
  if (/(?:^|:)(?:Null|Bool)/.test(operator)) requireBooleans(values, at)
  if (hasVariables) refuseVariables(values, at)
}

function requireBooleans(values: string[], path: PropertyKey[]): void {
  const strange = values.find((value) => !/^(?:true|false)$/i.test(value))
  if (strange !== undefined) throw malformed(path, `${strange} is neither true nor false`)
}

/** `${aws:username}` and its like stand for something in documents of 2012 (IAM, "Policy variables"). */
export function refuseVariables(values: string[], path: PropertyKey[]): void {
  const variable = values.find((value) => value.includes('${'))
  if (variable !== undefined) throw malformed(path, `policy variables are not supported here: ${variable}`)
}

/** The actions of KMS (AWS Service Authorization Reference, "Actions defined by AWS KMS"). */
const ACTIONS = [
  ...['CancelKeyDeletion', 'ConnectCustomKeyStore', 'CreateAlias', 'CreateCustomKeyStore', 'CreateGrant', 'CreateKey'],
  ...['Decrypt', 'DeleteAlias', 'DeleteCustomKeyStore', 'DeleteImportedKeyMaterial', 'DeriveSharedSecret'],
  ...['DescribeCustomKeyStores', 'DescribeKey', 'DisableKey', 'DisableKeyRotation', 'DisconnectCustomKeyStore'],
  ...['EnableKey', 'EnableKeyRotation', 'Encrypt', 'GenerateDataKey', 'GenerateDataKeyPair'],
  ...['GenerateDataKeyPairWithoutPlaintext', 'GenerateDataKeyWithoutPlaintext', 'GenerateMac', 'GenerateRandom'],
  ...['GetKeyPolicy', 'GetKeyRotationStatus', 'GetParametersForImport', 'GetPublicKey', 'ImportKeyMaterial'],
  ...['ListAliases', 'ListGrants', 'ListKeyPolicies', 'ListKeyRotations', 'ListKeys', 'ListResourceTags'],
  ...['ListRetirableGrants', 'PutKeyPolicy', 'ReEncryptFrom', 'ReEncryptTo', 'ReplicateKey', 'RetireGrant'],
  ...['RevokeGrant', 'RotateKeyOnDemand', 'ScheduleKeyDeletion', 'Sign', 'SynchronizeMultiRegionKey', 'TagResource'],
  ...['UntagResource', 'UpdateAlias', 'UpdateCustomKeyStore', 'UpdateKeyDescription', 'UpdatePrimaryRegion'],
  ...['Verify', 'VerifyMac'],
].map((name) => `kms:${name.toLowerCase()}`)

/** Throws for a pattern that stands for no action of KMS: it is misspelt, or meant for another service. */
export function requireActions(patterns: string[], path: PropertyKey[]): void {
  const strange = patterns.find((pattern) => !ACTIONS.some((action) => glob(pattern.toLowerCase(), action)))
  if (strange !== undefined) throw malformed(path, `${strange} is no action of KMS`)
}
