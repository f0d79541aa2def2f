import type { KmsKeyInfo } from '../../electron/api/contract.ts'
import { when } from './numbers.ts'

/** How a KMS key stands, for a person. */
export function stateText({ state, deletionAt }: KmsKeyInfo): string {
  switch (state) {
    case 'Enabled':
      return 'On'
    case 'Disabled':
      return 'Off: nobody reads what is under it'
    case 'PendingDeletion':
      return deletionAt === undefined ? 'Will be deleted' : `Will be deleted ${when(deletionAt)}`
    case 'Unknown':
      return 'May not be looked at'
    case 'Creating':
    case 'PendingImport':
    case 'PendingReplicaDeletion':
    case 'Unavailable':
    case 'Updating':
      return state
  }
}

/** `contracts`, or the first of its id. */
export function kmsKeyTitle({ aliases, keyId }: KmsKeyInfo): string {
  return aliases[0]?.replace(/^alias\//, '') ?? keyId
}
