import type { OpenedUpload } from '../store/uploads.ts'

export type { OpenedUpload }

/**
 * Where a journal listens to an upload in parts, and has a say in it. Each is awaited before the upload goes on, so what a
 * hook has written down is down before the next byte leaves. What one throws ends the upload.
 */
export interface UploadHooks {
  /** Nothing has been asked of S3 yet. Not called for an upload that goes on. */
  opening?(upload: { bytesAPart: number }): Promise<void>
  /** The upload exists; nothing of it has been sent. Not called for an upload that goes on. */
  created?(upload: OpenedUpload): Promise<void>
  /**
   * Before a part leaves. Called in the order of the parts, for one at a time: no part leaves, and the next is not asked
   * about, until this has returned for it and for all before it. `sha256` is of its stored bytes. Returns the ETag of a
   * part that S3 has already; it is then not sent again.
   */
  beforePart?(part: { number: number; bytes: number; sha256: Buffer }): Promise<string | undefined>
  /** S3 has acknowledged a part that was sent now. */
  afterPart?(part: SentPart): Promise<void>
}

/** A part that S3 has acknowledged. */
export interface SentPart {
  number: number
  etag: string
  bytes: number
  /** CRC-32 of its bytes. */
  crc: number
}
