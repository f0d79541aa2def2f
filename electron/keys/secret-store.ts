/** Reads a secret; null if there is none under this account. The bytes are the caller's to zero. */
export interface SecretReader {
  get(account: string): Promise<Buffer | null>
}

/** Keeps a secret in place of what the account held, and returns only once it has been read back and compared. */
export interface SecretWriter {
  set(account: string, value: Uint8Array): Promise<void>
}

/** Keeps several secrets, as `set` does. A failure may leave some of them. */
export interface SecretsWriter {
  setAll(entries: readonly (readonly [account: string, value: Uint8Array])[]): Promise<void>
}

/** The accounts that hold a secret. To be asked only where they are known from nowhere else: some keychains read all of them. */
export interface SecretLister {
  list(): Promise<string[]>
}

/** Forgets a secret; no error if there is none. */
export interface SecretRemover {
  delete(account: string): Promise<void>
}

/**
 * Where secrets rest: the system's keychain or the passphrase-sealed file. Accounts are names such as `key/ID`, of
 * letters, digits, `/` and `-`; they are no secrets. Every call may throw KEYCHAIN_* or PASSPHRASE_*.
 */
export interface SecretStore extends SecretReader, SecretWriter, SecretsWriter, SecretLister, SecretRemover {
  readonly kind: 'keychain' | 'sealed-file'
}
