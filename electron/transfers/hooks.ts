/**
 * Where a journal listens to an upload in parts. Each is awaited before the upload goes on, so what a hook has written
 * down is down before the next byte leaves.
 */
export interface UploadHooks {
  /** The upload exists; nothing of it has been sent. */
  created?(upload: { uploadId: string; bytesAPart: number }): Promise<void>
  /** Before a part leaves; `bytes` are valid during the call only. */
  beforePart?(part: { number: number; bytes: Buffer }): Promise<void>
  afterPart?(part: SentPart): Promise<void>
  /** S3 has acknowledged the whole object. */
  completed?(): Promise<void>
}

/** A part that S3 has acknowledged. */
export interface SentPart {
  number: number
  etag: string
  bytes: number
  /** CRC-32 of its bytes. */
  crc: number
}
