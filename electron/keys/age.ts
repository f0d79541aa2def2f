import { createHash, randomBytes } from 'node:crypto'
import { chacha20poly1305 } from '@noble/ciphers/chacha.js'
import { Decrypter, Encrypter, Stanza, type Identity, type Recipient } from 'age-encryption'
import { zero } from '../base/bytes.ts'
import { CofferError, isCofferError } from '../base/errors.ts'
import { hkdf } from '../base/hkdf.ts'
import { decodeArmor, isArmored } from './age-armor.ts'
import { scryptKey } from './age-scrypt.ts'

/*
 * Passphrase-sealed age files (age-encryption.org/v1, C2SP age.md): Coffer writes its own, and reads those of every age tool.
 *
 * age cannot tell a wrong passphrase from a damaged scrypt stanza. So the 16 bytes of the payload's nonce, which age leaves to
 * whoever writes the file, are a checksum of the header in the files that Coffer writes. The nonce may be public and need
 * not be random, because the file key under it is new for each file (HKDF, RFC 5869: the salt is no secret). In files of
 * other tools the nonce is random, and the two cases stay one.
 */

/** log2 of scrypt's N, age's own default: about a second and 256 MiB for each guess of a thief. */
const WORK_FACTOR = 18
const NONCE_BYTES = 16
const CHECK_BYTES = 8
const FILE_KEY_BYTES = 16
const CHUNK_BYTES = 64 * 1024
const TAG_BYTES = 16

/** True for anything that begins as an age file does, binary or armored. */
export function looksLikeAge(bytes: Uint8Array): boolean {
  return Buffer.from(bytes.subarray(0, 22)).toString('latin1') === 'age-encryption.org/v1\n' || isArmored(bytes)
}

/** Seals under a passphrase, in age's binary form. `workFactor` is log2 of scrypt's N; tests lower it. */
export async function sealAge(
  passphrase: string,
  plaintext: Uint8Array,
  workFactor: number = WORK_FACTOR,
): Promise<Buffer> {
  let fileKey: Uint8Array = new Uint8Array()
  const encrypter = new Encrypter()
  encrypter.addRecipient(scryptRecipient(passphrase, workFactor, (key) => (fileKey = key)))
  // age's own writer makes the header; what follows it is one empty chunk under a nonce that is not ours.
  const empty = await encrypter.encrypt(new Uint8Array())
  const header = empty.subarray(0, empty.length - NONCE_BYTES - TAG_BYTES)
  const nonce = nonceOf(header)
  const payloadKey = hkdf('sha256', fileKey, nonce, 'payload', 32)
  try {
    return Buffer.concat([header, nonce, ...sealChunks(payloadKey, plaintext)])
  } finally {
    zero(payloadKey, fileKey)
  }
}

/**
 * Opens a passphrase-sealed age file of any tool, binary or armored; the plaintext is the caller's to zero. Throws
 * PASSPHRASE_WRONG; INTEGRITY if the file is no age file or was changed; UNSUPPORTED if it is sealed for keys and not by a
 * passphrase, or its work factor is above MAX_WORK_FACTOR or needs more memory than this computer has.
 */
export async function openAge(passphrase: string, file: Uint8Array): Promise<Uint8Array> {
  const sealed = isArmored(file) ? (decodeArmor(file) ?? fail(changed())) : file
  const header = checkHeader(sealed)
  if (header === 'changed') throw changed()
  const decrypter = new Decrypter()
  const identity = scryptIdentity(passphrase)
  decrypter.addIdentity(identity)
  try {
    return await decrypter.decrypt(sealed)
  } catch (cause) {
    if (isCofferError(cause)) throw cause
    throw identity.isRefused() ? wrongPassphrase(header, cause) : changed(cause)
  }
}

function scryptRecipient(passphrase: string, workFactor: number, take: (fileKey: Uint8Array) => void): Recipient {
  return {
    async wrapFileKey(fileKey) {
      take(fileKey)
      const salt = randomBytes(16)
      const key = await scryptKey(passphrase, salt, workFactor)
      const wrapped = chacha20poly1305(key, new Uint8Array(12)).encrypt(fileKey)
      zero(key)
      return [new Stanza(['scrypt', salt.toString('base64').replace(/=+$/, ''), String(workFactor)], wrapped)]
    },
  }
}

/** Native scrypt off the main thread; age-encryption's own runs in JavaScript and stops at a work factor of 20. */
function scryptIdentity(passphrase: string): Identity & { isRefused(): boolean } {
  let refused = false
  return {
    isRefused: () => refused,
    async unwrapFileKey(stanzas) {
      const [stanza] = stanzas
      if (!stanzas.some(({ args }) => args[0] === 'scrypt')) throw sealedForKeys()
      const [, saltText = '', factorText = '', ...more] = stanza?.args ?? []
      const salt = Buffer.from(saltText, 'base64')
      const isWellFormed =
        stanza !== undefined &&
        stanzas.length === 1 &&
        more.length === 0 &&
        /^[1-9][0-9]{0,5}$/.test(factorText) &&
        salt.length === 16 &&
        salt.toString('base64').replace(/=+$/, '') === saltText &&
        stanza.body.length === FILE_KEY_BYTES + TAG_BYTES
      if (!isWellFormed) throw changed()
      const key = await scryptKey(passphrase, salt, Number(factorText))
      try {
        return chacha20poly1305(key, new Uint8Array(12)).decrypt(stanza.body)
      } catch {
        refused = true
        return null
      } finally {
        zero(key)
      }
    },
  }
}

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

/** Coffer's own header and whole; Coffer's own and changed; or another tool's, of which nothing can be said. */
type HeaderState = 'own' | 'changed' | 'foreign'

function checkHeader(sealed: Uint8Array): HeaderState {
  const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.length)
  const mac = bytes.indexOf('\n--- ')
  const end = mac < 0 ? -1 : bytes.indexOf('\n', mac + 1) + 1
  if (end <= 0 || bytes.length < end + NONCE_BYTES) return 'changed'
  const header = bytes.subarray(0, end)
  const nonce = bytes.subarray(end, end + NONCE_BYTES)
  if (nonceOf(header).equals(nonce) || digest(header).subarray(0, NONCE_BYTES).equals(nonce)) return 'own'
  const isMarked = markOf(nonce.subarray(0, CHECK_BYTES)).equals(nonce.subarray(CHECK_BYTES))
  return isMarked ? 'changed' : 'foreign'
}

/** 8 bytes of the header's SHA-256, and 8 that mark the nonce as Coffer's even when the header was changed. */
function nonceOf(header: Uint8Array): Buffer {
  const check = digest(header).subarray(0, CHECK_BYTES)
  return Buffer.concat([check, markOf(check)])
}

function markOf(check: Uint8Array): Buffer {
  return digest(Buffer.from('coffer age header check v1'), check).subarray(0, CHECK_BYTES)
}

function digest(...pieces: Uint8Array[]): Buffer {
  const hash = createHash('sha256')
  for (const piece of pieces) hash.update(piece)
  return hash.digest()
}

function fail(error: CofferError): never {
  throw error
}

function wrongPassphrase(header: HeaderState, cause: unknown): CofferError {
  const message = 'The passphrase is not the one of this file.'
  if (header === 'own') return new CofferError('PASSPHRASE_WRONG', message, { cause })
  return new CofferError('PASSPHRASE_WRONG', message, {
    cause,
    hint: 'Try the passphrase again. If you are sure of it, the file is damaged: take another copy.',
  })
}

function sealedForKeys(): CofferError {
  return new CofferError(
    'UNSUPPORTED',
    'This age file is sealed for a key (an age identity) and not by a passphrase.',
    {
      hint: 'Open it with age (age -d -i IDENTITY FILE > kit.json), then restore kit.json.',
    },
  )
}

function changed(cause?: unknown): CofferError {
  return new CofferError('INTEGRITY', 'This is no passphrase-sealed age file, or it is damaged or was changed.', {
    cause,
    hint: 'Take another copy of it. Nothing was taken from this one.',
  })
}
