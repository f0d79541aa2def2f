import type { FileHandle } from 'node:fs/promises'
import { unwrap, wrap } from '../wrap.ts'
import type { Bucket } from './buckets.ts'
import type { Piece } from './pieces.ts'
import type { Content } from './versions.ts'

/**
 * What a content file tells of itself, sealed, behind its content: enough to list and open its object without any index. It
 * says how things were when the file was written; what changed since (tags, the bucket's settings) is in the index and its
 * log.
 */
export interface Description {
  bucket: Omit<Bucket, 'id'>
  key: string
  /** The version's id; `null` where the bucket's versioning was not enabled. */
  version: string
  modifiedMs: number
  /** A file with the whole object, a file with one part of an upload, or a file that lists the parts of an object. */
  kind: 'object' | 'part' | 'manifest'
  object: string
  /** Of an object or a manifest. */
  content?: Content
  /** What the file holds, or what the manifest lists; a listed piece without a file is in the manifest itself. */
  pieces: DescribedPiece[]
}

export interface DescribedPiece extends Omit<Piece, 'sealed' | 'blob'> {
  blob: string | null
  /** Base64. */
  sealed?: string
}

/**
 * file = content || sealed description || footer
 * footer = length of the sealed description (4, big endian) || version (4) || magic (8)
 */
const FOOTER_BYTES = 16
const MAGIC = Buffer.from('COFFDESC')
const VERSION = 1
/** A manifest of 10,000 parts is far smaller. */
const MAX_BYTES = 64 << 20

/** Seals descriptions and opens them; `key` has 32 bytes. A description opens in the file that it was made for only. */
export interface Descriptions {
  seal(blob: string, description: Description): Buffer
  /** Null if the file has none, or it is damaged, or another key's. */
  read(blob: string, file: FileHandle): Promise<{ description: Description; contentBytes: number } | null>
}

export function openDescriptions(key: Buffer): Descriptions {
  const name = (blob: string): string => `coffer content file ${blob}`
  return {
    seal(blob, description) {
      const sealed = wrap(key, name(blob), Buffer.from(JSON.stringify(description)))
      const footer = Buffer.alloc(FOOTER_BYTES)
      footer.writeUInt32BE(sealed.length, 0)
      footer.writeUInt32BE(VERSION, 4)
      MAGIC.copy(footer, 8)
      return Buffer.concat([sealed, footer])
    },
    async read(blob, file) {
      const sealed = await readSealed(file)
      if (!sealed) return null
      try {
        const description = JSON.parse(unwrap(key, name(blob), sealed.bytes).toString()) as Description
        return { description, contentBytes: sealed.at }
      } catch {
        return null
      }
    },
  }
}

async function readSealed(file: FileHandle): Promise<{ bytes: Buffer; at: number } | null> {
  const { size } = await file.stat()
  if (size < FOOTER_BYTES) return null
  const footer = await readAt(file, size - FOOTER_BYTES, FOOTER_BYTES)
  const length = footer.readUInt32BE(0)
  const at = size - FOOTER_BYTES - length
  if (!footer.subarray(8).equals(MAGIC) || footer.readUInt32BE(4) !== VERSION || length > MAX_BYTES || at < 0)
    return null
  return { bytes: await readAt(file, at, length), at }
}

async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length)
  let filled = 0
  while (filled < length) {
    const { bytesRead } = await file.read(buffer, filled, length - filled, position + filled)
    if (bytesRead === 0) break
    filled += bytesRead
  }
  return buffer
}
