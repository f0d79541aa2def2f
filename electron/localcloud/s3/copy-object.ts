import { zero } from '../../base/bytes.ts'
import type { VerifiedRequest } from '../request.ts'
import type { Encryption } from '../sse/data-keys.ts'
import type { ObjectVersion } from '../storage/versions.ts'
import { isoTime, quoted, sendXml } from './answers.ts'
import { readAttributes, readStorageClass, readTagHeader, refuseUnsupported } from './attributes.ts'
import { checkWriteConditions } from './conditions.ts'
import { bucketOf, header, keyOf, type Context, type Operation } from './context.ts'
import { findCopySource, openCopySource, sourceVersionHeader, type CopySource } from './copy-source.ts'
import { contextAnswer, encryptionAnswer, namesEncryption, requestedEncryption } from './encryption-headers.ts'
import { invalidArgument, invalidRequest } from './failures.ts'
import { checksumAlgorithmOf } from './checksum-headers.ts'
import { checkKey } from './names.ts'
import { checksumElements } from './object-headers.ts'
import { requireRoom } from './storage-failure.ts'
import { MOST_BYTES, storeObject } from './store.ts'
import { versionHeader } from './versions.ts'

/** CopyObject: opens the source and seals it anew, as the target's headers or bucket want it. */
export const copyObject: Operation = async (context, request, response) => {
  const [bucket, key] = [bucketOf(context, request), keyOf(request)]
  checkKey(key)
  refuseUnsupported(request)
  const source = findCopySource(context, request)
  const { version: original } = source
  const replaces = directive(request, 'x-amz-metadata-directive') === 'REPLACE'
  if (source.bucket.id === bucket.id && original.key === key) checkSelfCopy(request, source, replaces)
  if (original.size > MOST_BYTES) {
    throw invalidRequest(
      `The specified copy source is larger than the maximum allowable size for a copy source: ${String(MOST_BYTES)}`,
    )
  }
  const newTags = directive(request, 'x-amz-tagging-directive') === 'REPLACE'
  const order = {
    attributes: replaces ? readAttributes(request) : original.attributes,
    tags: newTags ? readTagHeader(request) : original.tags,
    storageClass: readStorageClass(request),
    algorithm: checksumAlgorithmOf(request) ?? original.checksum?.algorithm,
  }
  checkWriteConditions(request, key, context.versions.latest(bucket.id, key))
  await requireRoom(context, original.size)
  const encryption = requestedEncryption(request, bucket, 's3:CopyObject')
  const version = await copyBytes(context, request, source, encryption, (bytes) =>
    storeObject(context, request, bucket, key, { ...order, encryption, source: bytes }),
  )
  sendXml(
    response,
    'CopyObjectResult',
    [
      ['LastModified', isoTime(version.modifiedMs)],
      ['ETag', quoted(version.etag)],
      ...checksumElements(version.checksum),
    ],
    {
      ...sourceVersionHeader(source),
      ...versionHeader(bucket, version),
      ...encryptionAnswer(version.envelope, request),
      ...contextAnswer(version.envelope, request),
    },
  )
}

/** Opens the source for as long as its copy is made. The target's customer key is forgotten even if it cannot be opened. */
async function copyBytes(
  context: Context,
  request: VerifiedRequest,
  source: CopySource,
  encryption: Encryption,
  store: (bytes: AsyncIterable<Buffer>) => Promise<ObjectVersion>,
): Promise<ObjectVersion> {
  try {
    const opened = openCopySource(context, request, source, { start: 0, end: source.version.size })
    return await store(opened.bytes).finally(() => opened.close())
  } finally {
    if (encryption.mode === 'SSE-C') zero(encryption.customerKey)
  }
}

function directive(request: VerifiedRequest, name: string): 'COPY' | 'REPLACE' {
  const value = header(request, name) ?? 'COPY'
  if (value === 'COPY' || value === 'REPLACE') return value
  throw invalidArgument(
    `Unknown ${name === 'x-amz-metadata-directive' ? 'metadata' : 'tagging'} directive.`,
    name,
    value,
  )
}

function checkSelfCopy(request: VerifiedRequest, source: CopySource, replaces: boolean): void {
  const changes =
    replaces ||
    namesEncryption(request) ||
    header(request, 'x-amz-storage-class') !== undefined ||
    header(request, 'x-amz-website-redirect-location') !== undefined
  if (changes || (source.isVersioned && !source.version.latest)) return
  throw invalidRequest(
    "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.",
  )
}
