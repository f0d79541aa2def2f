import { ListMultipartUploadsCommand, type S3Client } from '@aws-sdk/client-s3'
import { CofferError } from '../base/errors.ts'
import { decodeName, NAME_ENCODINGS } from './listed-names.ts'
import { followPages, nextPlace } from './paging.ts'
import { send } from './send.ts'

/** An upload in parts that was begun and neither completed nor aborted. */
export interface OpenUpload {
  uploadId: string
  /** Milliseconds since 1970, by the server's clock. */
  began: number | undefined
}

/**
 * The uploads in parts to one key (Amazon S3 API, ListMultipartUploads). Throws LIST_INCOMPLETE for a list that does not
 * come to its end, and what `send` throws. `isProof`: the caller relies on there being no others, so what may be no such list
 * is SERVER.
 */
export async function* uploadsOf(
  s3: S3Client,
  bucket: string,
  key: string,
  signal: AbortSignal,
  { isProof = false }: { isProof?: boolean } = {},
): AsyncGenerator<OpenUpload, void, void> {
  const what = `the uploads to s3://${bucket}/${key}`
  const ask = async (from: { KeyMarker: string; UploadIdMarker: string | undefined } | undefined) => {
    // XML cannot carry every character that a key can; so keys travel percent-encoded.
    const command = new ListMultipartUploadsCommand({ Bucket: bucket, Prefix: key, EncodingType: 'url', ...from })
    const listed = await send(s3, command, signal)
    // S3 repeats the bucket's name; a network that wants its terms accepted first lists nothing, and that is no answer.
    if (isProof && listed.Bucket === undefined)
      throw new CofferError('SERVER', 'What answered is not S3: it did not name the bucket.')
    const isKey = namesKey(key, listed.EncodingType === 'url')
    const { Uploads: uploads = [], IsTruncated, NextKeyMarker, NextUploadIdMarker } = listed
    // Of its own key alone can this go on: the markers of others need not even be understood.
    const isMoreOfIt = IsTruncated === true && (NextKeyMarker === undefined || isKey(NextKeyMarker))
    const place = NextKeyMarker === undefined ? undefined : { KeyMarker: key, UploadIdMarker: NextUploadIdMarker }
    return { uploads: uploads.filter(({ Key = '' }) => isKey(Key)), next: nextPlace(isMoreOfIt, place, what) }
  }
  for await (const { uploads } of followPages(what, ask, ({ uploads: [first] }) => first?.UploadId)) {
    for (const { UploadId, Initiated } of uploads) {
      if (UploadId !== undefined) yield { uploadId: UploadId, began: Initiated?.getTime() }
    }
  }
}

/** True for a listed name that is the key, however the server encodes it: an upload's id makes sure of the rest. */
function namesKey(key: string, encoded: boolean): (name: string) => boolean {
  if (!encoded) return (name) => name === key
  return (name) => NAME_ENCODINGS.some((encoding) => decodeName(name, encoding) === key)
}
