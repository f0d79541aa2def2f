import { createPublicKey, sign, verify, type KeyObject } from 'node:crypto'

/*
 * The signature of a list of an update feed (latest*.yml), in base64, in a file of the same name and `.sig`. The list names
 * each file of the update with its SHA-512, so one signature proves all of it: Ed25519 (RFC 8032) over a context and the list.
 */

/** A signature for another purpose is none here. */
const CONTEXT = Buffer.from('coffer update feed v1\0')

/** `key` is an Ed25519 private key. */
export function signFeed(list: Buffer, key: KeyObject): string {
  return `${sign(null, Buffer.concat([CONTEXT, list]), key).toString('base64')}\n`
}

/** True if the holder of `publicKey` (SPKI, DER, in base64) has signed the list. */
export function isFeedSigned(list: Buffer, signature: string, publicKey: string): boolean {
  const key = createPublicKey({ key: Buffer.from(publicKey, 'base64'), format: 'der', type: 'spki' })
  return verify(null, Buffer.concat([CONTEXT, list]), key, Buffer.from(signature, 'base64'))
}
