import type { ModeId } from '../../../electron/api/contract.ts'
import { needsKmsKey } from './key-choices.ts'

/** Choices that few people need. */
export interface More {
  contexts: { name: string; value: string }[]
  bucketKey: boolean
  dsse: boolean
  oldFormat: boolean
}

/** What of it a mode takes, as the contract has it. */
export function moreOptions({ contexts, bucketKey, dsse, oldFormat }: More, mode: ModeId) {
  const kms = needsKmsKey(mode)
  const here = mode === 'cse-kms' || mode === 'cse-c'
  const context = contexts.filter(({ name }) => name.trim() !== '').map(({ name, value }) => [name.trim(), value])
  return {
    ...(kms && context.length > 0 ? { encryptionContext: Object.fromEntries(context) as Record<string, string> } : {}),
    ...(mode === 'sse-kms' && bucketKey ? { bucketKey: true } : {}),
    ...(mode === 'sse-kms' && dsse ? { dsse: true } : {}),
    ...(here && oldFormat ? { format: 'v2' as const } : {}),
  }
}
