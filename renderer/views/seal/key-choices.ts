import type { CustomerKeyInfo, KmsKeyInfo, ModeId } from '../../../electron/api/contract.ts'
import { short, shortId } from '../../words/numbers.ts'

/** A key that can be chosen for a mode. */
export interface KeyChoice {
  /** For the contract. */
  id: string
  name: string
  /** Enough of its id to tell it from another of the same name. */
  mark: string
  /** Of a key of one's own: what was said about its recovery kit. */
  kit: 'saved' | 'declined' | 'none' | undefined
  /** Of a key of one's own. */
  purpose: CustomerKeyInfo['purpose'] | undefined
}

export function needsCustomerKey(mode: ModeId): boolean {
  return mode === 'sse-c' || mode === 'cse-c'
}

export function needsKmsKey(mode: ModeId): boolean {
  return mode === 'sse-kms' || mode === 'cse-kms'
}

/** What a key must be for to be used in a mode. */
export function purposeFor(mode: ModeId): 'cse' | 'sse-c' {
  return mode === 'sse-c' ? 'sse-c' : 'cse'
}

/**
 * The person's own keys that a mode takes: those for this use, and those whose use is not decided. SSE-C sends the key
 * itself, so only AES keys will do.
 */
export function customerChoices(keys: readonly CustomerKeyInfo[], mode: ModeId): KeyChoice[] {
  const other = purposeFor(mode) === 'cse' ? 'sse-c' : 'cse'
  return keys
    .filter(({ kind, purpose }) => purpose !== other && (mode === 'cse-c' || kind === 'aes-256'))
    .map(({ id, name, kitSavedAt, kitDeclinedAt, purpose }) => ({
      id,
      name,
      purpose,
      mark: short(id),
      kit: kitSavedAt !== null ? 'saved' : kitDeclinedAt !== null ? 'declined' : 'none',
    }))
}

/** The KMS keys that can be written with now; AWS's own are S3's affair. */
export function kmsChoices(keys: readonly KmsKeyInfo[]): KeyChoice[] {
  return keys
    .filter(({ state, manager }) => state === 'Enabled' && manager === 'CUSTOMER')
    .map(({ keyId, aliases }) => ({
      id: aliases[0] ?? keyId,
      name: aliases[0]?.replace(/^alias\//, '') ?? shortId(keyId),
      mark: shortId(keyId),
      kit: undefined,
      purpose: undefined,
    }))
}

/** The one that is chosen already: the bucket's usual key if it is there, else the first whose use is known. */
export function preferred(choices: readonly KeyChoice[], usual: string | undefined): string | undefined {
  return choices.find(({ id }) => id === usual)?.id ?? choices.find(({ purpose }) => purpose !== 'unknown')?.id
}
