import type { KeyObject } from 'node:crypto'
import type { KeyPurpose, RecordedPurpose } from '../base/key-purpose.ts'

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
  purpose: RecordedPurpose
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
  /**
   * Makes sure that a key may be used for a purpose, before its first use for it: records the purpose if none is recorded.
   * Throws KEY_PURPOSE if the key has another one, or if it came from elsewhere without one and would be sent to a server.
   */
  claim(id: string, purpose: KeyPurpose): Promise<KeyInfo>
  /**
   * Lends the material to `use` and zeroes it when `use` settles. What is lent for `sse-c` leaves this computer, so only a
   * key with that purpose is; what is lent for `cse` stays. Throws KEY_NOT_FOUND, KEY_PURPOSE, KEYCHAIN_*.
   */
  lend<T>(id: string, purpose: KeyPurpose, use: (key: LentKey) => Promise<T> | T): Promise<T>
}
