import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { zero } from '../../base/bytes.ts'
import { hkdf } from '../../base/hkdf.ts'

/**
 * The format of sealed bytes at rest: a header, then the plaintext in segments of 64 KiB, each sealed by AES-256-GCM
 * under the nonce `prefix (7) || segment number (4, big endian) || 1 if last else 0`. This is the STREAM construction
 * (Hoang, Reyhanitabar, Rogaway, Vizár 2015) with a key of its own for every header, as in Tink's AES-GCM-HKDF streaming:
 * ranges open without the whole, and truncation, reordering and extension are refused.
 *
 * header = version (1) || salt (32) || prefix (7); segment key = HKDF-SHA256(data key, salt, 'coffer segments' || layer)
 *
 * With two data keys the segments are sealed twice, one layer around the other (dual-layer encryption).
 */
export const SEGMENT_BYTES = 65_536
export const HEADER_BYTES = 40

const VERSION = 1
const TAG_BYTES = 16
const SALT_END = 33
const MAX_SEGMENTS = 2 ** 32

/** The sealed bytes are damaged, cut short, extended, or belong to something else. */
export class DamagedError extends Error {
  constructor() {
    super('The stored data is damaged.')
    this.name = 'DamagedError'
  }
}

/** Bytes that a segment takes at rest beyond its plaintext. */
export function overheadBytes(layers: number): number {
  return TAG_BYTES * layers
}

/** How many segments a plaintext has; an empty one has one empty segment. */
export function segmentCount(plainBytes: number): number {
  return Math.max(1, Math.ceil(plainBytes / SEGMENT_BYTES))
}

/** Bytes at rest for a plaintext. */
export function sealedBytes(plainBytes: number, layers: number): number {
  return HEADER_BYTES + plainBytes + segmentCount(plainBytes) * overheadBytes(layers)
}

/** Where a segment begins at rest. */
export function segmentOffset(index: number, layers: number): number {
  return HEADER_BYTES + index * (SEGMENT_BYTES + overheadBytes(layers))
}

export interface SegmentCipher {
  header: Buffer
  layers: number
  /** Seals one segment; the pieces together are its bytes at rest. */
  seal(plain: Buffer, index: number, last: boolean): Buffer[]
  /** Opens one segment. Throws DamagedError. */
  open(sealed: Buffer, index: number, last: boolean): Buffer
  /** Zeroes the segment keys; the data keys are their owner's to zero. */
  forget(): void
}

/** A cipher for new bytes. `identity` is authenticated with every segment. */
export function newSegments(dataKeys: Buffer[], identity: Buffer): SegmentCipher {
  const header = randomBytes(HEADER_BYTES)
  header[0] = VERSION
  return segments(dataKeys, identity, header)
}

/** The cipher of bytes at rest, from their header. Throws DamagedError for an unknown one. */
export function openSegments(dataKeys: Buffer[], identity: Buffer, header: Buffer): SegmentCipher {
  if (header.length !== HEADER_BYTES || header[0] !== VERSION) throw new DamagedError()
  return segments(dataKeys, identity, header)
}

function segments(dataKeys: Buffer[], identity: Buffer, header: Buffer): SegmentCipher {
  const salt = header.subarray(1, SALT_END)
  const prefix = header.subarray(SALT_END)
  const keys = dataKeys.map((key, layer) => hkdf('sha256', key, salt, `coffer segments ${String(layer)}`, 32))
  return {
    header,
    layers: keys.length,
    seal: (plain, index, last) => {
      const nonce = segmentNonce(prefix, index, last)
      return keys.reduce<Buffer[]>((pieces, key) => sealLayer(key, nonce, identity, pieces), [plain])
    },
    open: (sealed, index, last) => {
      const nonce = segmentNonce(prefix, index, last)
      return keys.reduceRight((bytes, key) => openLayer(key, nonce, identity, bytes), sealed)
    },
    forget: () => zero(...keys),
  }
}

function segmentNonce(prefix: Buffer, index: number, last: boolean): Buffer {
  if (index >= MAX_SEGMENTS) throw new RangeError('Too many segments.')
  const nonce = Buffer.alloc(12)
  prefix.copy(nonce)
  nonce.writeUInt32BE(index, prefix.length)
  nonce[11] = last ? 1 : 0
  return nonce
}

function sealLayer(key: Buffer, nonce: Buffer, identity: Buffer, plain: Buffer[]): Buffer[] {
  const cipher = createCipheriv('aes-256-gcm', key, nonce)
  cipher.setAAD(identity)
  const sealed = plain.map((piece) => cipher.update(piece))
  cipher.final()
  return [...sealed, cipher.getAuthTag()]
}

function openLayer(key: Buffer, nonce: Buffer, identity: Buffer, sealed: Buffer): Buffer {
  if (sealed.length < TAG_BYTES) throw new DamagedError()
  const end = sealed.length - TAG_BYTES
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES })
  decipher.setAAD(identity).setAuthTag(sealed.subarray(end))
  const plain = decipher.update(sealed.subarray(0, end))
  try {
    decipher.final()
  } catch {
    throw new DamagedError()
  }
  return plain
}
