import { hkdf } from './hkdf.ts'

/** The check value that a data folder of This computer keeps of its root key, in hex: 32 bytes, by HKDF-SHA256 (RFC 5869). */
export function rootKeyCheck(rootKey: Uint8Array): string {
  return hkdf('sha256', rootKey, Buffer.alloc(0), 'coffer localcloud root key check v1', 32).toString('hex')
}

/** The file in the data folder that holds it. */
export const ROOT_KEY_CHECK_FILE = 'root-key.check'

/** By which a root key is named: the start of its check value, which tells nothing about the key. */
export function rootKeyId(check: string): string {
  return check.slice(0, 32)
}
