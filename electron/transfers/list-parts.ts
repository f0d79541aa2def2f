import { ListPartsCommand, type Part, type S3Client } from '@aws-sdk/client-s3'
import { followPages, nextPlace } from '../cloud/paging.ts'
import { send } from '../cloud/send.ts'
import type { CustomerKeyFields } from '../modes/mode.ts'

/** An upload in parts that S3 knows. */
export interface ListedUpload {
  bucket: string
  key: string
  uploadId: string
  customerKey: CustomerKeyFields
}

/**
 * The parts that S3 has of an upload. A server that does not name the next page's place numbers its parts all the same. Throws
 * LIST_INCOMPLETE, and what `send` throws.
 */
export async function* listParts(
  s3: S3Client,
  { bucket, key, uploadId, customerKey }: ListedUpload,
  signal: AbortSignal,
): AsyncGenerator<Part, void, void> {
  const what = `the parts of an upload to s3://${bucket}/${key}`
  const upload = { Bucket: bucket, Key: key, UploadId: uploadId, ...customerKey }
  const ask = async (from: string | undefined) => {
    const command = new ListPartsCommand({ ...upload, PartNumberMarker: from })
    const { Parts = [], IsTruncated, NextPartNumberMarker } = await send(s3, command, signal)
    const last = NextPartNumberMarker || Parts.at(-1)?.PartNumber?.toString()
    return { parts: Parts, next: nextPlace(IsTruncated, last, what) }
  }
  for await (const { parts } of followPages(what, ask, ({ parts: [part] }) => part?.PartNumber?.toString()))
    yield* parts
}
