import { CofferError } from '../base/errors.ts'

/** A bucket, and a key in it: an object's, a folder's (ends with `/`), or none. */
export interface Target {
  bucket: string
  key: string
}

/** `s3://arn:aws:s3:REGION:ACCOUNT:accesspoint/NAME/KEY`, as the AWS CLI writes what is behind an access point. */
const ACCESS_POINT =
  /^s3:\/\/(arn:[^:/]+:s3[^:/]*:[^:/]*:\d*:(?:outpost[/:][^:/]+[/:])?accesspoint[/:][^:/]+)(?:\/(.*))?$/s

/** Reads `s3://BUCKET` or `s3://BUCKET/KEY`; the key is taken as it stands, with nothing to decode. Throws INVALID_INPUT. */
export function parseTarget(text: string): Target {
  const [, bucket, key] = ACCESS_POINT.exec(text) ?? /^s3:\/\/([^/]+)(?:\/(.*))?$/s.exec(text) ?? []
  if (bucket !== undefined) return { bucket, key: key ?? '' }
  throw new CofferError('INVALID_INPUT', `“${text}” is not the address of a bucket or an object.`, {
    hint: 'Write it as s3://BUCKET or s3://BUCKET/KEY.',
  })
}

/** The same, for what is done to one object only. */
export function parseObject(text: string): Target {
  const target = parseTarget(text)
  if (target.key !== '' && !target.key.endsWith('/')) return target
  throw new CofferError('INVALID_INPUT', `“${text}” names no single object.`, { hint: 'Write it as s3://BUCKET/KEY.' })
}

export function showTarget({ bucket, key }: Target): string {
  return key === '' ? `s3://${bucket}` : `s3://${bucket}/${key}`
}

/** A bucket by its name, or as `s3://NAME`. Throws INVALID_INPUT. */
export function bucketIn(text: string): string {
  return text.startsWith('s3://') ? parseTarget(text).bucket : text
}
