import type { KeyObject } from 'node:crypto'

/** `rsa-public` can write and not read. */
export type KeyKind = 'aes-256' | 'rsa-pair' | 'rsa-public'

/** What may be known of a customer key outside `keys/`: never its material. */
export interface KeyInfo {
  /** Derived one-way from the material, so an imported key is recognised. 32 lower-case hex characters. */
  id: string
  name: string
  kind: KeyKind
  createdAt: Date
  /** When its recovery kit was last saved; null: losing this machine loses the key. */
  kitSavedAt: Date | null
  /** When the person chose to use it without a kit. */
  kitDeclinedAt: Date | null
}

/** The material of one key, lent for the length of one callback. */
export type LentKey =
  | { kind: 'aes-256'; bytes: Buffer }
  | { kind: 'rsa-pair' | 'rsa-public'; publicKey: KeyObject; privateKey: KeyObject | null }

/** The customer keys of this person on this machine. */
export interface KeyRing {
  list(): Promise<KeyInfo[]>
  /** By id, unique id prefix (8 or more characters) or name; throws KEY_NOT_FOUND or, if two match, INVALID_INPUT. */
  find(idOrName: string): Promise<KeyInfo>
  /** Lends the material to `use` and zeroes it when `use` settles. Throws KEY_NOT_FOUND, KEYCHAIN_*. */
  lend<T>(id: string, use: (key: LentKey) => Promise<T> | T): Promise<T>
}
