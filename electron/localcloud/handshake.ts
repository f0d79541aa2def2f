/**
 * What This computer's server is told when it starts, as one line of JSON over its standard input, or over a port where
 * Electron forked it. Secrets come this way and never by argument or environment, where other processes could read them.
 */
export interface StartOrder {
  /** Folder with all of its state. */
  dataDir: string
  /**
   * Make a new vault if the folder holds none. Without it the server refuses (DATA_DIR_MISSING): the folder may be on a
   * disk that is not mounted.
   */
  mayCreate: boolean
  /** Make the index anew from the content files and their log. */
  rebuild: boolean
  /**
   * Seconds for which removed content files are kept, so that a copy of the folder that is being made stays whole; ten minutes
   * unless told.
   */
  keepRemovedSeconds?: number | undefined
  /** 0: any free port. */
  port: number
  /** 32 bytes, base64: wraps S3's master key, KMS key material and principals' secrets at rest. */
  rootKey: string
  /** A recovery kit's copy of the folder's `kms.backup`, base64; used where it is newer than what the folder has. */
  kmsBackup?: string | undefined
  /** The owner's credentials. */
  owner: { accessKeyId: string; secretAccessKey: string }
  /**
   * Stop after this many seconds without a request. Null: in the foreground, where it runs until told to stop or until
   * standard input or the port is closed, so that it never outlives the process that started it.
   */
  idleSeconds: number | null
}

/** Something about the data that its owner should know. */
export interface Notice {
  code: 'STATE_RESTORED' | 'KMS_LOST' | 'INDEX_REBUILT' | 'CONTENT_FOUND' | 'CONTENT_MISSING'
  /** Whole sentences in plain English: what happened, and what to do. */
  message: string
}

export type StartRefusal =
  'DATA_DIR_MISSING' | 'DATA_DIR_IN_USE' | 'DATA_DAMAGED' | 'DISK_FULL' | 'WRONG_ROOT_KEY' | 'PORT_IN_USE' | 'FAILED'

/** Told before the answer where that takes longer than usual. */
export interface StartDelay {
  /** The answer comes within so many seconds. */
  waitSeconds: number
}

/** What it answers the same way, once it accepts connections (or cannot). */
export type StartAnswer =
  | { ok: true; endpoint: string; region: string; pid: number; notices: Notice[] }
  | { ok: false; code: StartRefusal; message: string }
