import { basename, extname } from 'node:path'
import mime from 'mime'
import type { ObjectHeaders } from '../transfers/object.ts'

/**
 * The media type of a file by the extension of its name, as the AWS CLI and rclone tell it; none for a name that says
 * nothing. The key goes before the file's own name: it is what a browser sees.
 */
export function contentTypeOf(key: string, path: string | undefined): Pick<ObjectHeaders, 'ContentType'> {
  const ContentType = typeOf(key.slice(key.lastIndexOf('/') + 1)) ?? (path && typeOf(basename(path)))
  return ContentType ? { ContentType } : {}
}

/** The types that say no more than that an object has bytes: S3's own, and those of ciphertext. */
const GENERIC = new Set([undefined, '', 'application/octet-stream', 'binary/octet-stream'])

/** The same headers with the type of the object's name, unless they have one that says something. */
export function withContentType(headers: ObjectHeaders, key: string): ObjectHeaders {
  return GENERIC.has(headers.ContentType) ? { ...headers, ...contentTypeOf(key, undefined) } : headers
}

function typeOf(name: string): string | undefined {
  const extension = extname(name)
  return extension === '' ? undefined : (mime.getType(extension) ?? undefined)
}
