import type { ObjectVersion } from '../storage/versions.ts'
import type { Context } from './context.ts'

/**
 * Writes a new wrapped data key into what an object's file, or its manifest, says of the object: the old one must not open it
 * any more. The content in front of it stays as it is.
 */
export async function refreshDescription(context: Context, { id, object }: ObjectVersion): Promise<void> {
  const { blobs, descriptions, pieces, versions } = context
  const blob = pieces.manifest(object) ?? pieces.list(object)[0]?.blob
  const now = versions.byId(id)
  if (typeof blob !== 'string' || now?.marker !== false) return
  const file = await blobs.openToDescribe(blob)
  try {
    const read = await descriptions.read(blob, file)
    if (!read?.description.content) return
    const content = { ...read.description.content, envelope: now.envelope }
    const sealed = descriptions.seal(blob, { ...read.description, content })
    await file.write(sealed, 0, sealed.length, read.contentBytes)
    await file.truncate(read.contentBytes + sealed.length)
  } finally {
    await file.close()
  }
}
