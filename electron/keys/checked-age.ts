import { createHash, randomBytes, scrypt } from 'node:crypto'
import { promisify } from 'node:util'
import { chacha20poly1305 } from '@noble/ciphers/chacha.js'
import { Decrypter, Encrypter, Stanza, type Recipient } from 'age-encryption'
import { zero } from '../base/bytes.ts'
import { CofferError } from '../base/errors.ts'
import { hkdf } from '../base/hkdf.ts'

/*
 * An age file (age-encryption.org/v1, C2SP age.md) with one scrypt recipient, that the standard `age` tool opens, and of
 * which every byte is checked.
 *
 * age itself cannot tell a wrong passphrase from a changed scrypt stanza. So the 16 bytes of the payload's nonce, which age
 * leaves to whoever writes the file, are the SHA-256 of the header: a header that was damaged shows at once, before any
 * passphrase. The nonce may be public and need not be random, because the file key under it is new for each file; that key
 * is what separates one payload key from another (HKDF, RFC 5869: the salt is no secret).
 *
 * The binary form is written and not the armored one, whose line ends and padding can change unnoticed.
 */

/** log2 of scrypt's N, age's own default: about a second and 256 MiB for each guess of a thief. */
const WORK_FACTOR = 18
const SCRYPT_LABEL = 'age-encryption.org/v1/scrypt'
const NONCE_BYTES = 16
const CHUNK_BYTES = 64 * 1024
const TAG_BYTES = 16

/** True for anything that begins as an age file in binary form does. */
export function looksLikeAge(bytes: Uint8Array): boolean {
  return Buffer.from(bytes.subarray(0, 22)).toString('latin1') === 'age-encryption.org/v1\n'
}

/** Seals under a passphrase. A lower work factor than the default is for tests. */
export async function sealChecked(
  passphrase: string,
  plaintext: Uint8Array,
  workFactor = WORK_FACTOR,
): Promise<Buffer> {
  let fileKey: Uint8Array = new Uint8Array()
  const encrypter = new Encrypter()
  encrypter.addRecipient(scryptRecipient(passphrase, workFactor, (key) => (fileKey = key)))
  // age's own writer makes the header; what follows it is one empty chunk under a nonce that is not ours.
  const empty = await encrypter.encrypt(new Uint8Array())
  const header = empty.subarray(0, empty.length - NONCE_BYTES - TAG_BYTES)
  const nonce = checkOf(header)
  const payloadKey = hkdf('sha256', fileKey, nonce, 'payload', 32)
  try {
    return Buffer.concat([header, nonce, ...sealChunks(payloadKey, plaintext)])
  } finally {
    zero(payloadKey, fileKey)
  }
}

/**
 * Opens it; the plaintext is the caller's to zero. Throws INTEGRITY if any byte is not as it was written, PASSPHRASE_WRONG
 * if the header is and the passphrase is not its own.
 */
export async function openChecked(passphrase: string, sealed: Uint8Array): Promise<Uint8Array> {
  if (!hasWholeHeader(sealed)) throw changed()
  const decrypter = new Decrypter()
  decrypter.addPassphrase(passphrase)
  try {
    return await decrypter.decrypt(sealed)
  } catch (cause) {
    if (!/no identity matched/.test(String(cause))) throw changed(cause)
    throw new CofferError('PASSPHRASE_WRONG', 'The passphrase is not the one of this file.', { cause })
  }
}

function scryptRecipient(passphrase: string, workFactor: number, take: (fileKey: Uint8Array) => void): Recipient {
  return {
    async wrapFileKey(fileKey) {
      take(fileKey)
      const salt = randomBytes(16)
      const cost = { N: 2 ** workFactor, r: 8, p: 1, maxmem: 2 ** (workFactor + 11) }
      const key = await derive(passphrase, Buffer.concat([Buffer.from(SCRYPT_LABEL), salt]), 32, cost)
      const wrapped = chacha20poly1305(key, new Uint8Array(12)).encrypt(fileKey)
      zero(key)
      return [new Stanza(['scrypt', salt.toString('base64').replace(/=+$/, ''), String(workFactor)], wrapped)]
    },
  }
}

const derive = promisify<string, Buffer, number, { N: number; r: number; p: number; maxmem: number }, Buffer>(scrypt)

/** STREAM as age has it: chunks of 64 KiB, each under an 11-byte counter and a byte that marks the last one. */
function sealChunks(key: Uint8Array, plaintext: Uint8Array): Uint8Array[] {
  const count = Math.max(1, Math.ceil(plaintext.length / CHUNK_BYTES))
  return Array.from({ length: count }, (_, index) => {
    const nonce = Buffer.alloc(12)
    nonce.writeUInt32BE(index, 7)
    nonce[11] = index === count - 1 ? 1 : 0
    return chacha20poly1305(key, nonce).encrypt(plaintext.subarray(index * CHUNK_BYTES, (index + 1) * CHUNK_BYTES))
  })
}

function hasWholeHeader(sealed: Uint8Array): boolean {
  const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.length)
  const mac = bytes.indexOf('\n--- ')
  const end = mac < 0 ? -1 : bytes.indexOf('\n', mac + 1) + 1
  return end > 0 && checkOf(bytes.subarray(0, end)).equals(bytes.subarray(end, end + NONCE_BYTES))
}

function checkOf(header: Uint8Array): Buffer {
  return createHash('sha256').update(header).digest().subarray(0, NONCE_BYTES)
}

function changed(cause?: unknown): CofferError {
  return new CofferError('INTEGRITY', 'This is no recovery kit of Coffer, or it is damaged or was changed.', {
    cause,
    hint: 'Take another copy of the kit. Nothing was taken from this one.',
  })
}
