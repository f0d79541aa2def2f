import type { Tag } from '../storage/versions.ts'
import { sendEmpty, sendXml } from './answers.ts'
import { checkTags } from './attributes.ts'
import { bucketOf, type Context, type Operation } from './context.ts'
import { readDocument } from './documents.ts'
import { malformedXml, noSuchKey } from './failures.ts'
import { readableObject, versionHeader } from './versions.ts'
import type { XmlElement } from './xml.ts'

/** GetObjectTagging. */
export const getObjectTagging: Operation = (context, request, response) => {
  const bucket = bucketOf(context, request)
  const version = readableObject(context, request, response, bucket)
  const tags = version.tags.map(([key, value]): XmlElement => [
    'Tag',
    [
      ['Key', key],
      ['Value', value],
    ],
  ])
  sendXml(response, 'Tagging', [['TagSet', tags]], versionHeader(bucket, version))
}

/** PutObjectTagging. */
export const putObjectTagging: Operation = async (context, request, response) => {
  const bucket = bucketOf(context, request)
  const version = readableObject(context, request, response, bucket)
  const set = (await readDocument(request, 'Tagging')).one('TagSet')
  if (!set) throw malformedXml()
  const tags = set.all('Tag').map((tag): Tag => [tag.one('Key')?.text ?? '', tag.one('Value')?.text ?? ''])
  await setTags(context, version.id, version.key, checkTags(tags))
  sendEmpty(response, 200, versionHeader(bucket, version))
}

/** DeleteObjectTagging. */
export const deleteObjectTagging: Operation = async (context, request, response) => {
  const bucket = bucketOf(context, request)
  const version = readableObject(context, request, response, bucket)
  await setTags(context, version.id, version.key, [])
  sendEmpty(response, 204, versionHeader(bucket, version))
}

function setTags({ database, versions }: Context, id: number, key: string, tags: Tag[]): Promise<void> {
  return database.commit(() => {
    if (!versions.byId(id)) throw noSuchKey(key)
    versions.setTags(id, tags)
  })
}
