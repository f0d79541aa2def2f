import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { hkdf } from '../../../base/hkdf.ts'

/**
 * The format of a log file: a header, then frames. Numbers are big endian.
 *
 * header = magic (8) || log id (16) || salt (32) || first sequence number (8)
 * frame  = magic (4) || length (4) || sequence number (8) || nonce (12) || ciphertext || tag (16)
 *
 * Frames are sealed by AES-256-GCM under HKDF-SHA256(log key, salt, 'coffer log file'): a key of its own for every file.
 * The header and the frame's length and sequence number are authenticated, so that a frame opens in its place only. `length`
 * counts the ciphertext and its tag.
 */
export const HEADER_BYTES = 64
export const FRAME_HEAD_BYTES = 28

const FILE_MAGIC = Buffer.from('COFFLOG1')
export const FRAME_MAGIC = Buffer.from([0xc0, 0xff, 0xee, 0x17])
const TAG_BYTES = 16
const NONCE_AT = 16
/** More than one commit can hold. */
const MAX_FRAME_BYTES = 1 << 30

export interface LogHeader {
  /** Names the vault's log: 16 random bytes, in hex. */
  logId: string
  /** Of the first frame; the frames of older files from this number on are superseded. */
  firstSeq: number
  bytes: Buffer
}

export function newHeader(logId: string, firstSeq: number): LogHeader {
  const bytes = Buffer.alloc(HEADER_BYTES)
  FILE_MAGIC.copy(bytes)
  bytes.write(logId, 8, 'hex')
  randomBytes(32).copy(bytes, 24)
  bytes.writeBigUInt64BE(BigInt(firstSeq), 56)
  return { logId, firstSeq, bytes }
}

/** Null for what is no log file. Nothing in it is proven before a frame opens. */
export function readHeader(bytes: Buffer): LogHeader | null {
  if (bytes.length < HEADER_BYTES || !bytes.subarray(0, 8).equals(FILE_MAGIC)) return null
  const own = Buffer.from(bytes.subarray(0, HEADER_BYTES))
  return { logId: own.toString('hex', 8, 24), firstSeq: Number(own.readBigUInt64BE(56)), bytes: own }
}

/** What comes before a frame's ciphertext. */
export interface FrameHead {
  /** Of ciphertext and tag. */
  length: number
  seq: number
}

/** Null for bytes that cannot be a frame's head. */
export function readFrameHead(bytes: Buffer): FrameHead | null {
  if (bytes.length < FRAME_HEAD_BYTES || !bytes.subarray(0, 4).equals(FRAME_MAGIC)) return null
  const length = bytes.readUInt32BE(4)
  if (length <= TAG_BYTES || length > MAX_FRAME_BYTES) return null
  return { length, seq: Number(bytes.readBigUInt64BE(8)) }
}

/** Seals and opens the frames of one log file. */
export interface FrameCipher {
  /** The frame in pieces, to be written one after the other. */
  seal(seq: number, payload: Uint8Array): Buffer[]
  /** The payload; null if the frame is damaged or belongs elsewhere. `head` as it was read, with its nonce. */
  open(head: Buffer, sealed: Buffer): Buffer | null
}

/** `logKey`: 32 bytes. */
export function frameCipher(logKey: Buffer, header: LogHeader): FrameCipher {
  const key = hkdf('sha256', logKey, header.bytes.subarray(24, 56), 'coffer log file', 32)
  const identity = (head: Buffer): Buffer => Buffer.concat([header.bytes, head.subarray(0, NONCE_AT)])
  return {
    seal(seq, payload) {
      const head = Buffer.alloc(FRAME_HEAD_BYTES)
      FRAME_MAGIC.copy(head)
      head.writeUInt32BE(payload.length + TAG_BYTES, 4)
      head.writeBigUInt64BE(BigInt(seq), 8)
      randomBytes(12).copy(head, NONCE_AT)
      const cipher = createCipheriv('aes-256-gcm', key, head.subarray(NONCE_AT))
      cipher.setAAD(identity(head))
      const sealed = cipher.update(payload)
      cipher.final()
      return [head, sealed, cipher.getAuthTag()]
    },
    open(head, sealed) {
      const decipher = createDecipheriv('aes-256-gcm', key, head.subarray(NONCE_AT, FRAME_HEAD_BYTES))
      decipher.setAAD(identity(head))
      decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES))
      const payload = decipher.update(sealed.subarray(0, sealed.length - TAG_BYTES))
      try {
        decipher.final()
        return payload
      } catch {
        return null
      }
    },
  }
}
