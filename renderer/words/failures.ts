import { printable } from '../../electron/api/words/printable.ts'
import type { ErrorCode, Failure } from '../../electron/api/contract.ts'

/** What happened, and what a person can do about it in this window. */
export interface Explained {
  title: string
  next: string
}

/** For each failure whose hint in the core speaks of the command line: what to do in this window. */
const NEXT: Partial<Record<ErrorCode, string>> = {
  OBJECT_NOT_FOUND: 'Refresh the folder to see what is there.',
  BUCKET_NOT_FOUND: 'Check the name, or make the bucket first.',
  PLACE_NOT_FOUND: 'Choose another place in the sidebar, or connect it again.',
  PRINCIPAL_NOT_FOUND: 'Refresh the list to see who there is.',
  POLICY_LOCKOUT: 'Keep a statement that allows you kms:PutKeyPolicy, or confirm that you give it up.',
  CREDENTIALS_EXPIRED: 'Sign in again. Temporary access keys have to be replaced by new ones.',
  CREDENTIALS_MISSING: 'Give this place an access key, or a profile that has one.',
  SSE_C_BLOCKED: 'Allow SSE-C in the bucket’s settings, or choose CSE-C, which needs no permission.',
  LEGACY_NOT_ALLOWED:
    'This old format cannot prove that nobody changed it. You can allow it for this one file, knowing that.',
  NOT_ENCRYPTED: 'Choose CSE-C or CSE-KMS here: they encrypt on this computer, so that no server has to be trusted.',
  SEAL_MISSING: 'Someone may have replaced it. Read an older version; or, if you know who did it and why, accept it.',
  KEY_NOT_FOUND: 'Import the key, or restore its recovery kit, on the Keys page.',
  CUSTOMER_KEY_NEEDED: 'Import the key this file was stored under, on the Keys page.',
  KEY_WRONG: 'Choose the key this file was written with.',
  KEY_IN_USE: 'Wait for what is under way, or cancel it, then delete the key.',
  KEY_PURPOSE: 'A key is for SSE-C or for CSE-C, never for both. Choose another key, or make one for this.',
  KIT_NEEDED: 'Save its recovery kit first: without one, losing this computer loses the files.',
  KMS_KEY_DISABLED: 'Enable the KMS key, then try again.',
  KMS_KEY_PENDING_DELETION: 'Cancel the deletion of the KMS key and enable it, then try again.',
  KMS_KEY_NOT_FOUND: 'Check the KMS key’s name and the region.',
  KEYCHAIN_UNAVAILABLE: 'Start a keychain (GNOME Keyring or KWallet), or keep keys in a passphrase-sealed file.',
  PASSPHRASE_NEEDED: 'Give the passphrase.',
  DATABASE_DAMAGED:
    'Put back the newest copy that Coffer has made of it, in a terminal: its command for the database restores it.',
  TLS: 'The server’s certificate is not trusted here. Give the CA certificate that signed it.',
  WRONG_REGION: 'Change the region of this place to the bucket’s.',
  LOCAL_SERVER: 'Try again; if it stays so, restart Coffer.',
  ALREADY_EXISTS: 'Choose another name, or replace it.',
  UNSUPPORTED: 'Do without it, or use a server that offers it.',
  INVALID_INPUT: 'Correct it and try again.',
}

const ROOT_KEY = 'Restore the recovery kit that was saved where that folder was in use, on the Keys page.'

/** An option, a command or a variable of the command line. */
const COMMAND_LINE = /(?:^|[^\w-])(?:--[a-z]|coffer [a-z]|aws [a-z]|(?:COFFER|AWS)_[A-Z]|Ctrl-C)/

/**
 * The core's hint, where it says something that holds in a window too; a hint that names commands or options is replaced by
 * this window's own words for the code, and failing these, by those of its sentences that name none.
 */
export function explain({ code, message, hint, facts }: Failure): Explained {
  if (code === 'KEY_WRONG' && facts['rootKey'] !== undefined) return { title: message, next: ROOT_KEY }
  const next = COMMAND_LINE.test(hint) ? (NEXT[code] ?? withoutCommands(hint)) : hint
  return { title: printable(message), next: printable(next) }
}

/** What the core has mended or waits for, as far as it holds in a window. */
export function noticeText(text: string): string {
  const end = /coffer database restore/.test(text) ? ' It can be put back in a terminal.' : ''
  return printable(withoutCommands(text) + end)
}

function withoutCommands(text: string): string {
  return text
    .split(/(?<=[.!?])\s+/)
    .filter((sentence) => !COMMAND_LINE.test(sentence))
    .join(' ')
}
