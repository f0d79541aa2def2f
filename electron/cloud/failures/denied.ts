import { nameOf, refusal, text, type Answer, type Call, type Description } from '../answer.ts'

/** Which permission of Amazon S3 an operation takes (Amazon S3 API reference, each operation's "Permissions"). */
const DOCUMENTED_ACTION: Record<string, string> = {
  AbortMultipartUpload: 's3:AbortMultipartUpload',
  CompleteMultipartUpload: 's3:PutObject',
  CopyObject: 's3:PutObject',
  CreateBucket: 's3:CreateBucket',
  CreateMultipartUpload: 's3:PutObject',
  DeleteObject: 's3:DeleteObject',
  DeleteObjects: 's3:DeleteObject',
  GetBucketEncryption: 's3:GetEncryptionConfiguration',
  GetBucketVersioning: 's3:GetBucketVersioning',
  GetObject: 's3:GetObject',
  GetObjectAttributes: 's3:GetObjectAttributes',
  GetObjectTagging: 's3:GetObjectTagging',
  HeadBucket: 's3:ListBucket',
  HeadObject: 's3:GetObject',
  ListBuckets: 's3:ListAllMyBuckets',
  ListMultipartUploads: 's3:ListBucketMultipartUploads',
  ListObjectVersions: 's3:ListBucketVersions',
  ListObjectsV2: 's3:ListBucket',
  ListParts: 's3:ListMultipartUploadParts',
  PutBucketEncryption: 's3:PutEncryptionConfiguration',
  PutBucketVersioning: 's3:PutBucketVersioning',
  PutObject: 's3:PutObject',
  UpdateObjectEncryption: 's3:UpdateObjectEncryption',
  UploadPart: 's3:PutObject',
  UploadPartCopy: 's3:PutObject',
}

const READS = new Set(['GetObject', 'HeadObject', 'ListObjectsV2', 'HeadBucket', 'ListObjectVersions'])

/** True for "no" without a reason. Other words are the server's reason, and may have nothing to do with permissions. */
export function isBareDenial({ status, code, message }: Answer): boolean {
  const silent = code === '' && message === '' && status === 403
  const bare =
    /^(?:AccessDenied|Forbidden)$/.test(code) && /^(?:(?:access denied|forbidden|access forbidden)\.?)?$/i.test(message)
  return silent || bare
}

/** What S3 does not allow. A permission is named as the missing one only if the server names it. */
export function describeDenied(answer: Answer, call: Call): Description {
  const { status, code, message } = answer
  if (status !== 403 && status !== 401 && code !== 'AccessDenied') return null
  const action = /not authorized to perform:? ([\w-]+:\w+)/i.exec(message)?.[1]
  if (action !== undefined) return describeNamed(action, answer, call)
  return {
    code: 'ACCESS_DENIED',
    message: refusal(answer, call),
    hint: isBareDenial(answer)
      ? hintFor(call)
      : "The reason is the server's own: ask whoever runs it, or owns the bucket.",
  }
}

function describeNamed(action: string, { message }: Answer, { input }: Call): Description {
  const resource = /on resource:? "?([^\s"]+)/i.exec(message)?.[1]
  const denies = /with an explicit deny in an? ([\w -]+policy)/i.exec(message)?.[1]
  const where = input.Bucket === undefined ? '' : ` on ${nameOf(input)}`
  return {
    code: 'ACCESS_DENIED',
    message: `You are not allowed to do this here: it needs ${action}${where}${denies === undefined ? '' : `, and a ${denies} denies it`}.`,
    hint:
      denies === undefined
        ? `Ask the owner of the bucket for ${action}.`
        : `Ask the owner of the bucket under which conditions the ${denies} allows ${action}.`,
    facts: { action, ...text('resource', resource) },
  }
}

function hintFor({ operation }: Call): string {
  const action = DOCUMENTED_ACTION[operation]
  const asks =
    action === undefined
      ? 'Ask the owner of the bucket to allow it.'
      : `On Amazon S3 this takes ${action}: ask the owner of the bucket for it.`
  const reads = READS.has(operation) ? ' In a Requester Pays bucket, say that you pay: --request-payer requester.' : ''
  const hides =
    operation === 'GetObject' ? ' Without s3:ListBucket, S3 says the same of an object that is not there.' : ''
  return asks + reads + hides
}
