import { DescribeKeyCommand } from '@aws-sdk/client-kms'
import { isCofferError } from '../base/errors.ts'
import { send } from '../cloud/send.ts'
import type { Vault } from './vault.ts'

/** One key, by every name under which an object may report it. */
export interface KeyNames {
  kind: 'customer' | 'kms'
  names: string[]
}

/**
 * The key that a person named: a customer key by id or name, else a KMS key by id, alias or ARN. Throws KEY_NOT_FOUND if it
 * is neither, and INVALID_INPUT if several customer keys match.
 */
export async function namesOfKey(vault: Vault, said: string, signal: AbortSignal): Promise<KeyNames> {
  try {
    return { kind: 'customer', names: [(await vault.keys.find(said)).id] }
  } catch (error) {
    if (!isCofferError(error, 'KEY_NOT_FOUND')) throw error
    const kms = await namesOfKmsKey(vault, said, signal).catch((failure: unknown) => {
      throw isCofferError(failure, 'KMS_KEY_NOT_FOUND') || isCofferError(failure, 'INVALID_INPUT') ? error : failure
    })
    return { kind: 'kms', names: kms }
  }
}

/** A KMS key as it was named and, where one may ask, its ARN. Throws KMS_KEY_NOT_FOUND. */
export async function namesOfKmsKey({ kms }: Vault, said: string, signal: AbortSignal): Promise<string[]> {
  try {
    const { KeyMetadata } = await send(kms, new DescribeKeyCommand({ KeyId: said }), signal)
    return KeyMetadata?.Arn === undefined ? [said] : [said, KeyMetadata.Arn]
  } catch (error) {
    if (isCofferError(error, 'KMS_DENIED') || isCofferError(error, 'ACCESS_DENIED')) return [said]
    throw error
  }
}

/** True if a reported key is that one: servers report an ARN, or the bare id that they were given. */
export function isKey(names: string[], reported: string): boolean {
  return names.some((name) => name === reported || name.endsWith(`/${reported}`) || reported.endsWith(`/${name}`))
}
