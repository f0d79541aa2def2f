import type { KmsEncryption } from '../sse/data-keys.ts'
import type { ObjectVersion } from '../storage/versions.ts'
import { sendEmpty } from './answers.ts'
import { bucketOf, keyOf, type Operation } from './context.ts'
import { readDocument } from './documents.ts'
import { kmsContext } from './encryption-headers.ts'
import { invalidRequest, malformedXml, noSuchKey } from './failures.ts'
import { refreshDescription } from './refresh-description.ts'
import { readableObject, versionHeader } from './versions.ts'

/**
 * UpdateObjectEncryption: from SSE-S3 to SSE-KMS, or from one KMS key to another. The data stays where and as it is; only
 * its data key is wrapped anew. ETag, date and checksums stay too.
 */
export const updateObjectEncryption: Operation = async (context, request, response) => {
  const [bucket, key] = [bucketOf(context, request), keyOf(request)]
  const version = readableObject(context, request, response, bucket)
  const target = (await readDocument(request, 'ObjectEncryption')).one('SSE-KMS')
  const keyId = target?.one('KMSKeyArn')?.text.trim()
  if (target === undefined || keyId === undefined || keyId === '') throw malformedXml()
  checkSource(version)
  const bucketKey = target.one('BucketKeyEnabled')?.text.trim() === 'true'
  const to: KmsEncryption = { mode: 'aws:kms', keyId, bucketKey, context: kmsContext(bucket.name, key, bucketKey) }
  const { database, versions, dataKeys } = context
  await database.commit(() => {
    // Read again: another update may have come first.
    const now = versions.byId(version.id)
    if (!now || now.marker) throw noSuchKey(key)
    const opener = { principal: request.principal, customerKey: undefined }
    versions.setEnvelope(now.id, dataKeys.rewrap(now.envelope, to, now.object, opener))
  })
  await refreshDescription(context, version)
  sendEmpty(response, 200, versionHeader(bucket, version))
}

function checkSource({ envelope }: ObjectVersion): void {
  if (envelope.mode === 'AES256' || envelope.mode === 'aws:kms') return
  throw invalidRequest(`Objects encrypted with ${envelope.mode} cannot have their encryption type updated.`)
}
