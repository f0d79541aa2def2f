import { quoted, sendEmpty } from './answers.ts'
import { readAttributes, readStorageClass, readTagHeader, refuseUnsupported } from './attributes.ts'
import { checkWriteConditions } from './conditions.ts'
import { bucketOf, keyOf, type Operation } from './context.ts'
import { contextAnswer, encryptionAnswer, requestedEncryption } from './encryption-headers.ts'
import { entityTooLarge } from './failures.ts'
import { checkKey } from './names.ts'
import { checksumAnswer } from './object-headers.ts'
import { requireRoom } from './storage-failure.ts'
import { MOST_BYTES, storeObject } from './store.ts'
import { versionHeader } from './versions.ts'

/** PutObject. */
export const putObject: Operation = async (context, request, response) => {
  const [bucket, key] = [bucketOf(context, request), keyOf(request)]
  checkKey(key)
  refuseUnsupported(request)
  const [attributes, tags, storageClass] = [readAttributes(request), readTagHeader(request), readStorageClass(request)]
  const bytes = request.contentLength ?? 0
  if (bytes > MOST_BYTES) throw entityTooLarge(bytes, MOST_BYTES)
  // Checked again when the object is committed; here it spares a client from sending what cannot be kept.
  checkWriteConditions(request, key, context.versions.latest(bucket.id, key))
  await requireRoom(context, bytes)
  const version = await storeObject(context, request, bucket, key, {
    attributes,
    tags,
    storageClass,
    encryption: requestedEncryption(request, bucket),
    source: request.body,
    algorithm: undefined,
    claimed: () => request.checksum(),
  })
  sendEmpty(response, 200, {
    etag: quoted(version.etag),
    ...versionHeader(bucket, version),
    ...encryptionAnswer(version.envelope, request),
    ...contextAnswer(version.envelope, request),
    ...checksumAnswer(version.checksum),
  })
}
