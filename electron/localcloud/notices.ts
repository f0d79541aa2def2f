import type { Restored } from './backed-up-database.ts'
import type { Notice } from './handshake.ts'

/** What the owner should know about KMS's state when the server starts. */
export function noticesOfKms(kms: { restored: Restored | undefined; isFresh: boolean }, isNewVault: boolean): Notice[] {
  if (kms.restored) return restoredNotices('The KMS keys', 'kms.db', kms.restored)
  if (!kms.isFresh || isNewVault) return []
  const message =
    'This vault has lost its KMS keys: neither kms.db nor its backup kms.backup is there. Objects in SSE-KMS and CSE-KMS ' +
    'cannot be opened until they are back. Put kms.backup back from a copy of the folder, or start with a recovery kit of ' +
    'This computer.'
  return [{ code: 'KMS_LOST', message }]
}

export function noticesOfPrincipals(restored: Restored | undefined): Notice[] {
  return restored ? restoredNotices('The principals', 'principals.db', restored) : []
}

/** A copied folder that opens from its own backup is as it should be: that is no news. */
function restoredNotices(subject: string, file: string, { why, from, setAside }: Restored): Notice[] {
  if (why === 'copied' && from === 'backup') return []
  const reasons = {
    lost: `${file} was not there`,
    damaged: `${file} is damaged`,
    copied: `${file} is a copy`,
    older: `${file} is older than its backup`,
  }
  const source = from === 'kit' ? 'the recovery kit' : 'their backup'
  const kept = setAside === null ? '' : ` The file that was there is now ${setAside}.`
  return [{ code: 'STATE_RESTORED', message: `${subject} were restored from ${source}, as ${reasons[why]}.${kept}` }]
}
