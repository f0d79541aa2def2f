/**
 * Every way Coffer can fail, as one closed list.
 *
 * `exit` is the command line's exit code for it (0 done, 1 this machine, 2 usage, 3 not found, 4 denied, 5 integrity
 * failure, 6 key missing or disabled, 7 network or server, 8 already exists, 130 cancelled); `hint` is what a
 * person can do next, shown unless the place that threw knows a better one.
 */
export const FAILURES = {
  INVALID_INPUT: { exit: 2, hint: 'Correct the value and try again.' },
  TOO_LARGE: { exit: 2, hint: 'Choose SSE-S3, SSE-KMS or SSE-C for this file: they have no such limit.' },
  UNSUPPORTED: { exit: 2, hint: 'Do without it, or use a server that offers it.' },
  POLICY_LOCKOUT: {
    exit: 2,
    hint: 'Keep a statement that allows you kms:PutKeyPolicy. If you mean it, say so: --force.',
  },

  OBJECT_NOT_FOUND: { exit: 3, hint: 'List the folder to see what is there: coffer ls.' },
  BUCKET_NOT_FOUND: { exit: 3, hint: 'Check the name, or make the bucket first: coffer bucket make NAME.' },
  FILE_NOT_FOUND: { exit: 3, hint: 'Check the path.' },
  PRINCIPAL_NOT_FOUND: { exit: 3, hint: 'See the principals you have: coffer principal list.' },
  PLACE_NOT_FOUND: { exit: 3, hint: 'See the places you have: coffer place list.' },

  ACCESS_DENIED: { exit: 4, hint: 'Ask the owner of the bucket for the permission that is named.' },
  KMS_DENIED: { exit: 4, hint: 'Ask the owner of the KMS key to allow this in its key policy.' },
  BAD_CREDENTIALS: { exit: 4, hint: 'Check the access key and its secret.' },
  CREDENTIALS_MISSING: {
    exit: 4,
    hint: 'Name a profile (--profile), set AWS_ACCESS_KEY_ID, or add a place: coffer place add.',
  },
  CREDENTIALS_EXPIRED: {
    exit: 4,
    hint: 'Sign in again (with IAM Identity Center: coffer place sign-in PROFILE), then repeat what you did.',
  },
  CLOCK_SKEW: { exit: 4, hint: "Set this computer's clock right, then try again." },
  SSE_C_BLOCKED: {
    exit: 4,
    hint: 'Allow it there (coffer bucket encryption BUCKET --sse-c allow), or use CSE-C, which needs no permission.',
  },

  INTEGRITY: {
    exit: 5,
    hint: 'The object is damaged or was changed. Try an older version of it; nothing was written here.',
  },
  TRUNCATED: { exit: 5, hint: 'The object is incomplete. Try an older version of it; nothing was written here.' },
  COMMITMENT_MISMATCH: {
    exit: 5,
    hint: 'Someone swapped the key of this object. Do not trust it; try an older version.',
  },
  ENVELOPE_INVALID: {
    exit: 5,
    hint: "The object's encryption metadata is damaged or was changed. Try an older version of it.",
  },
  LEGACY_NOT_ALLOWED: {
    exit: 5,
    hint: 'This old format cannot prove that nobody changed it. Allow it for this one object with --allow-legacy.',
  },
  SEAL_MISSING: {
    exit: 5,
    hint: 'Someone may have replaced it. Read an older version of it; or, if you know who did it and why, say --accept-unsealed.',
  },
  NOT_ENCRYPTED: {
    exit: 5,
    hint: 'Choose CSE-C or CSE-KMS here: they encrypt on this computer and trust no server. If plaintext is meant: --allow-unencrypted.',
  },
  NOT_SEALED: {
    exit: 5,
    hint: 'The object carries no client-side encryption; read it without naming a client-side mode.',
  },

  KEY_NOT_FOUND: {
    exit: 6,
    hint: 'Import the key or restore its recovery kit: coffer key import.',
  },
  CUSTOMER_KEY_NEEDED: {
    exit: 6,
    hint: 'Import the key that the object was stored under: coffer key import. Then name it: --key.',
  },
  KEY_WRONG: { exit: 6, hint: 'Name the key this object was written with: --key.' },
  KEY_WRITE_ONLY: {
    exit: 6,
    hint: 'This machine has only the public half. Read it where the private key is, or import that key.',
  },
  KEY_PURPOSE: {
    exit: 6,
    hint: 'A key is for SSE-C or for CSE-C, never for both. Make another one: coffer key new NAME.',
  },
  KEY_IN_USE: { exit: 6, hint: 'Wait for what is under way, or cancel it: coffer transfers.' },
  KIT_NEEDED: {
    exit: 6,
    hint: 'Save its recovery kit first: coffer key kit NAME FILE. To go on without one: --no-kit.',
  },
  KMS_KEY_DISABLED: { exit: 6, hint: 'Enable the KMS key, then read it again: coffer kms enable.' },
  KMS_KEY_PENDING_DELETION: { exit: 6, hint: 'Cancel the deletion of the KMS key, then enable it.' },
  KMS_KEY_NOT_FOUND: { exit: 6, hint: 'Check the key id, alias and region: coffer kms list.' },
  KEYCHAIN_UNAVAILABLE: {
    exit: 6,
    hint: 'Start a keychain (GNOME Keyring or KWallet), or keep keys in a passphrase-sealed file: set COFFER_PASSPHRASE_FILE.',
  },
  KEYCHAIN_LOCKED: { exit: 6, hint: 'Unlock the keychain, then try again.' },
  PASSPHRASE_NEEDED: { exit: 6, hint: 'Give the passphrase: set COFFER_PASSPHRASE_FILE to a file that holds it.' },
  PASSPHRASE_WRONG: { exit: 6, hint: 'Try the passphrase again.' },

  NETWORK: { exit: 7, hint: 'Check the connection and the endpoint, then try again.' },
  TLS: { exit: 7, hint: "The server's certificate is not trusted here. Give its CA certificate: --ca-bundle." },
  NOT_S3: {
    exit: 7,
    hint: 'Check the endpoint: its name, port and path. A proxy or a sign-in page may answer in its place.',
  },
  SERVER: { exit: 7, hint: 'The server failed. Try again in a moment.' },
  THROTTLED: { exit: 7, hint: 'The server asked to slow down. Try again in a moment.' },
  LIST_INCOMPLETE: {
    exit: 7,
    hint: 'Nothing can be done to a list that is not whole. Name the objects one by one, or tell the maker of the server.',
  },
  WRONG_REGION: { exit: 7, hint: 'Give the region of the bucket: --region.' },
  LOCAL_SERVER: { exit: 7, hint: 'Start it by hand to see why: coffer up.' },

  ALREADY_EXISTS: { exit: 8, hint: 'Choose another name, or allow it to be replaced: --overwrite.' },

  CHANGED_WHILE_READ: { exit: 1, hint: 'The file changed while it was read. Try again when nothing writes to it.' },
  DATABASE_DAMAGED: {
    exit: 1,
    hint: 'Put back the newest copy that Coffer has made of it: coffer database restore.',
  },
  DATABASE_BUSY: { exit: 1, hint: 'Wait for the other program to finish, or end it.' },
  DISK_FULL: { exit: 1, hint: 'Free some space, then try again.' },
  LEFT_OUT: {
    exit: 1,
    hint: 'What is said of each tells why. Links inside folders are followed with --follow-links.',
  },
  LOCAL_IO: { exit: 1, hint: 'Check that the file or folder can be read and written.' },
  CANCELLED: { exit: 130, hint: 'Nothing was left behind.' },
  PAUSED: { exit: 130, hint: 'It goes on where it stood when you resume it, or repeat the command.' },
  INTERNAL: { exit: 1, hint: 'This is a bug in Coffer; please report it.' },
} as const satisfies Record<string, { exit: number; hint: string }>

/** One of the closed list of failure codes. */
export type ErrorCode = keyof typeof FAILURES

export interface ErrorExtras {
  /** Replaces the code's own hint. */
  hint?: string
  /** What failed underneath; kept for debugging, never shown or sent over a boundary. */
  cause?: unknown
  /** Plain facts (key id, bucket, KMS request id) that a screen may use. Never secrets. */
  facts?: Record<string, string>
}

/** The only error that crosses a room's border: a code, what happened in words, and what to do next. */
export class CofferError extends Error {
  readonly code: ErrorCode
  readonly hint: string
  readonly facts: Record<string, string>

  constructor(code: ErrorCode, message: string, extras: ErrorExtras = {}) {
    super(message, extras.cause === undefined ? undefined : { cause: extras.cause })
    this.name = 'CofferError'
    this.code = code
    this.hint = extras.hint ?? FAILURES[code].hint
    this.facts = extras.facts ?? {}
  }
}

/** Narrows an unknown failure to Coffer's own, optionally of one code. */
export function isCofferError(error: unknown, code?: ErrorCode): error is CofferError {
  return error instanceof CofferError && (code === undefined || error.code === code)
}

/** The command line's exit code for a failure. */
export function exitCode(code: ErrorCode): number {
  return FAILURES[code].exit
}
