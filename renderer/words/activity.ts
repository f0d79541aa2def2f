import type { ActivityEntry, ErrorCode } from '../../electron/api/contract.ts'

const DONE: Record<ActivityEntry['what'], string> = {
  put: 'Sealed',
  get: 'Saved',
  preview: 'Looked at',
  verify: 'Verified',
  rekey: 'Changed the mode of',
  remove: 'Removed',
  restore: 'Brought back',
  key: 'Changed one of your keys',
  kms: 'Changed a KMS key',
  bucket: 'Changed the settings of',
  place: 'Changed a place',
}

const FAILED: Record<ActivityEntry['what'], string> = {
  put: 'Could not seal',
  get: 'Could not save',
  preview: 'Could not show',
  verify: 'Could not verify',
  rekey: 'Could not change the mode of',
  remove: 'Could not remove',
  restore: 'Could not bring back',
  key: 'Could not change one of your keys',
  kms: 'Could not change a KMS key',
  bucket: 'Could not change the settings of',
  place: 'Could not change a place',
}

/** What was done, up to the object's name. */
export function activityText({ what, outcome }: ActivityEntry): string {
  return outcome === 'done' ? DONE[what] : FAILED[what]
}

/** Why it could not be done, in a line; what was said at the time is not kept. */
const REASONS: Record<ErrorCode, string> = {
  INVALID_INPUT: 'Something that was asked for was not right',
  TOO_LARGE: 'The file is too large for this mode',
  UNSUPPORTED: 'It cannot be done with this file, mode or server',
  POLICY_LOCKOUT: 'After it nobody could have changed the key’s policy',
  OBJECT_NOT_FOUND: 'It is not there any more',
  BUCKET_NOT_FOUND: 'The bucket is not there',
  FILE_NOT_FOUND: 'The file on this computer is not there',
  PRINCIPAL_NOT_FOUND: 'Nobody by that name',
  PLACE_NOT_FOUND: 'The place is not there any more',
  ACCESS_DENIED: 'Your access key does not allow it',
  KMS_DENIED: 'The KMS key’s policy does not allow it',
  BAD_CREDENTIALS: 'The server did not accept the access key',
  CREDENTIALS_MISSING: 'There was no access key',
  CREDENTIALS_EXPIRED: 'The sign-in had run out',
  CLOCK_SKEW: 'This computer’s clock was wrong',
  SSE_C_BLOCKED: 'The bucket refuses SSE-C',
  INTEGRITY: 'It was damaged or changed, so nothing of it was written',
  TRUNCATED: 'It was not whole, so nothing of it was written',
  COMMITMENT_MISMATCH: 'Its key was swapped, so nothing of it was written',
  ENVELOPE_INVALID: 'What tells how it was encrypted was damaged or changed',
  LEGACY_NOT_ALLOWED: 'Its old format proves nothing, and was not allowed',
  SEAL_MISSING: 'It was not sealed any more, as it had been',
  NOT_ENCRYPTED: 'The server did not encrypt it as asked, so it was taken away again',
  NOT_SEALED: 'It was not encrypted by this computer',
  KEY_NOT_FOUND: 'Its key is not on this computer',
  CUSTOMER_KEY_NEEDED: 'Its customer key is not on this computer',
  KEY_WRONG: 'Another key than the one it is locked with',
  KEY_WRITE_ONLY: 'This computer has only the half of the key that locks',
  KEY_IN_USE: 'Something under way needed the key',
  KEY_PURPOSE: 'The key is for the other use',
  KIT_NEEDED: 'The key had no recovery kit',
  KMS_KEY_DISABLED: 'The KMS key was turned off',
  KMS_KEY_PENDING_DELETION: 'The KMS key is about to be deleted',
  KMS_KEY_NOT_FOUND: 'The KMS key is not there',
  KEYCHAIN_UNAVAILABLE: 'There was no keychain',
  KEYCHAIN_LOCKED: 'The keychain was locked',
  PASSPHRASE_NEEDED: 'No passphrase was given',
  PASSPHRASE_WRONG: 'The passphrase was wrong',
  NETWORK: 'The server could not be reached',
  TLS: 'The server’s certificate is not trusted here',
  NOT_S3: 'Another server than S3 answered',
  SERVER: 'The server failed',
  THROTTLED: 'The server was too busy',
  LIST_INCOMPLETE: 'The server’s list is not whole',
  WRONG_REGION: 'The bucket is in another region',
  LOCAL_SERVER: 'This computer’s server did not start',
  ALREADY_EXISTS: 'There was one by that name',
  CHANGED_WHILE_READ: 'It changed while it was read',
  DISK_FULL: 'The disk was full',
  DATABASE_DAMAGED: 'Coffer’s own database was damaged',
  DATABASE_BUSY: 'Another program kept Coffer’s database locked',
  LEFT_OUT: 'It was left out',
  LOCAL_IO: 'A file or folder here could not be read or written',
  CANCELLED: 'It was cancelled',
  PAUSED: 'It was paused',
  INTERNAL: 'Coffer itself failed',
}

export function reasonText(outcome: ErrorCode): string {
  return REASONS[outcome]
}
