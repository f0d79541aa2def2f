import { S3Error } from '../request.ts'

/** The errors that several operations throw, in S3's own words (Amazon S3 API reference, "Error responses"). */

export function noSuchBucket(bucket: string): S3Error {
  return new S3Error('NoSuchBucket', 404, 'The specified bucket does not exist', { BucketName: bucket })
}

export function noSuchKey(key: string): S3Error {
  return new S3Error('NoSuchKey', 404, 'The specified key does not exist.', { Key: key })
}

export function noSuchVersion(key: string, version: string): S3Error {
  return new S3Error('NoSuchVersion', 404, 'The specified version does not exist.', { Key: key, VersionId: version })
}

export function noSuchUpload(upload: string): S3Error {
  return new S3Error(
    'NoSuchUpload',
    404,
    'The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.',
    { UploadId: upload },
  )
}

export function invalidArgument(message: string, name?: string, value?: string): S3Error {
  const fields: Record<string, string> = {}
  if (name !== undefined) fields['ArgumentName'] = name
  if (value !== undefined) fields['ArgumentValue'] = value
  return new S3Error('InvalidArgument', 400, message, fields)
}

export function invalidRequest(message: string): S3Error {
  return new S3Error('InvalidRequest', 400, message)
}

export function preconditionFailed(condition: string): S3Error {
  return new S3Error('PreconditionFailed', 412, 'At least one of the pre-conditions you specified did not hold', {
    Condition: condition,
  })
}

export function malformedXml(): S3Error {
  return new S3Error(
    'MalformedXML',
    400,
    'The XML you provided was not well-formed or did not validate against our published schema',
  )
}

export function accessDenied(message = 'Access Denied'): S3Error {
  return new S3Error('AccessDenied', 403, message)
}

export function notImplemented(message: string): S3Error {
  return new S3Error('NotImplemented', 501, message)
}

export function entityTooLarge(bytes: number, most: number): S3Error {
  return new S3Error('EntityTooLarge', 400, 'Your proposed upload exceeds the maximum allowed size', {
    ProposedSize: String(bytes),
    MaxSizeAllowed: String(most),
  })
}

export function operationAborted(): S3Error {
  return new S3Error(
    'OperationAborted',
    409,
    'A conflicting conditional operation is currently in progress against this resource. Try again.',
  )
}
