/**
 * What This computer's server is told when it starts, as one line of JSON over its standard input, or over a port where
 * Electron forked it. Secrets come this way and never by argument or environment, where other processes could read them.
 */
export interface StartOrder {
  /** Folder with all of its state. */
  dataDir: string
  /** 0: any free port. */
  port: number
  /** 32 bytes, base64: wraps S3's master key, KMS key material and principals' secrets at rest. */
  rootKey: string
  /** The owner's credentials. */
  owner: { accessKeyId: string; secretAccessKey: string }
  /**
   * Stop after this many seconds without a request. Null: in the foreground, where it runs until told to stop or until
   * standard input or the port is closed, so that it never outlives the process that started it.
   */
  idleSeconds: number | null
}

/** What it answers the same way, once it accepts connections (or cannot). */
export type StartAnswer =
  | { ok: true; endpoint: string; region: string; pid: number }
  | { ok: false; code: 'DATA_DIR_IN_USE' | 'WRONG_ROOT_KEY' | 'PORT_IN_USE' | 'FAILED'; message: string }
