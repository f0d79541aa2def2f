import type { S3Client } from '@aws-sdk/client-s3'
import { isCofferError } from '../base/errors.ts'
import { base64Crc } from './checksum.ts'
import type { SentPart } from './hooks.ts'
import { listParts, type ListedUpload } from './list-parts.ts'

/** So often in a row a part may be replaced while the upload is completed. */
const MOST_REPEATS = 3

/**
 * Completes an upload. A request for a part that timed out here may still reach the server, after its repetition: then the
 * server holds the same bytes under another ETag (under SSE-KMS and SSE-C it is none of the content's) and refuses to complete
 * (InvalidPart). What it lists is taken instead where size and checksum are those of the part that was sent. Throws the
 * refusal where they are not, or the server lists no checksum, and what `complete` throws.
 */
export async function despiteLateParts<T>(
  s3: S3Client,
  upload: ListedUpload,
  sent: SentPart[],
  signal: AbortSignal,
  complete: (parts: SentPart[]) => Promise<T>,
): Promise<T> {
  let parts = sent
  for (let repeat = 1; ; repeat++) {
    try {
      return await complete(parts)
    } catch (error) {
      if (!isCofferError(error) || error.facts.awsCode !== 'InvalidPart' || repeat > MOST_REPEATS) throw error
      const now = await asListed(s3, upload, sent, signal).catch(() => null)
      if (now === null) throw error
      parts = now
    }
  }
}

/** The parts with the ETags that S3 lists; null if it lists another content of one. */
async function asListed(
  s3: S3Client,
  upload: ListedUpload,
  sent: SentPart[],
  signal: AbortSignal,
): Promise<SentPart[] | null> {
  const etags = new Map<number, string>()
  const wanted = new Map(sent.map((part) => [part.number, part]))
  for await (const { PartNumber = 0, ETag, Size, ChecksumCRC32 } of listParts(s3, upload, signal)) {
    const part = wanted.get(PartNumber)
    if (part === undefined || ETag === undefined) continue
    if (Size === part.bytes && (ETag === part.etag || ChecksumCRC32 === base64Crc(part.crc)))
      etags.set(PartNumber, ETag)
  }
  if (etags.size < sent.length) return null
  return sent.map((part) => ({ ...part, etag: etags.get(part.number) ?? part.etag }))
}
