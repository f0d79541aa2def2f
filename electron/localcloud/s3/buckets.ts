import { S3Error, type VerifiedRequest } from '../request.ts'
import { isoTime, sendEmpty, sendXml } from './answers.ts'
import {
  bucketOf,
  bucketStill,
  header,
  numberFrom,
  OWNER_ID,
  OWNER_NAME,
  type Context,
  type Operation,
} from './context.ts'
import { readOptionalDocument } from './documents.ts'
import { notImplemented } from './failures.ts'
import { checkBucketName } from './names.ts'
import type { XmlElement } from './xml.ts'

/** The one owner, as documents show it. */
export const OWNER: XmlElement[] = [
  ['ID', OWNER_ID],
  ['DisplayName', OWNER_NAME],
]

/** ListBuckets, with prefix and paging. */
export const listBuckets: Operation = (context, { query }, response) => {
  const prefix = query.get('prefix') ?? ''
  const after = query.get('continuation-token') ?? ''
  const most = numberFrom(query, 'max-buckets', 10_000, 10_000)
  const found = context.buckets.list().filter(({ name }) => name.startsWith(prefix) && name > after)
  const page = found.slice(0, most)
  sendXml(response, 'ListAllMyBucketsResult', [
    ['Owner', OWNER],
    [
      'Buckets',
      page.map(({ name, createdMs, region }): XmlElement => [
        'Bucket',
        [
          ['Name', name],
          ['CreationDate', isoTime(createdMs)],
          ['BucketRegion', region],
        ],
      ]),
    ],
    ['ContinuationToken', found.length > page.length ? page.at(-1)?.name : undefined],
    ['Prefix', prefix === '' ? undefined : prefix],
  ])
}

/** CreateBucket. */
export const createBucket: Operation = async (context, request, response) => {
  const name = request.bucket ?? ''
  checkBucketName(name)
  const document = await readOptionalDocument(request, 'CreateBucketConfiguration')
  checkLocation(context, document?.one('LocationConstraint')?.text ?? '')
  refuseOptions(request)
  await context.database.commit(() => {
    if (context.buckets.find(name)) {
      throw new S3Error(
        'BucketAlreadyOwnedByYou',
        409,
        'Your previous request to create the named bucket succeeded and you already own it.',
        { BucketName: name },
      )
    }
    context.buckets.create(name, context.region)
  })
  sendEmpty(response, 200, { location: `/${name}` })
}

function checkLocation({ region }: Context, constraint: string): void {
  if (constraint === '' || constraint === region || (constraint === 'EU' && region === 'eu-west-1')) return
  throw new S3Error(
    'IllegalLocationConstraintException',
    400,
    `The ${constraint} location constraint is incompatible for the region specific endpoint this request was sent to.`,
  )
}

function refuseOptions(request: VerifiedRequest): void {
  if (header(request, 'x-amz-bucket-object-lock-enabled')?.toLowerCase() === 'true') {
    throw notImplemented('Object Lock is not implemented')
  }
  const acl = header(request, 'x-amz-acl')
  if (acl !== undefined && acl !== 'private') {
    throw new S3Error(
      'InvalidBucketAclWithObjectOwnership',
      400,
      "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting",
    )
  }
}

/** HeadBucket. */
export const headBucket: Operation = (context, request, response) => {
  const { region } = bucketOf(context, request)
  response.writeHead(200, { 'x-amz-bucket-region': region, 'x-amz-access-point-alias': 'false' }).end()
}

/** DeleteBucket; unfinished uploads go with it. */
export const deleteBucket: Operation = async (context, request, response) => {
  const { database, buckets, uploads, pieces, removals } = context
  const bucket = bucketOf(context, request)
  await database.commit(() => {
    bucketStill(context, bucket)
    if (!buckets.isEmpty(bucket.id)) {
      throw new S3Error('BucketNotEmpty', 409, 'The bucket you tried to delete is not empty', {
        BucketName: bucket.name,
      })
    }
    for (const { id, object } of uploads.ofBucket(bucket.id)) {
      uploads.remove(id)
      pieces.drop(object)
    }
    buckets.remove(bucket.id)
  })
  removals.sweepSoon()
  sendEmpty(response, 204)
}

/** GetBucketLocation: us-east-1 is shown as nothing. */
export const getBucketLocation: Operation = (context, request, response) => {
  const { region } = bucketOf(context, request)
  const body = region === 'us-east-1' ? '' : region
  const xml = `<?xml version="1.0" encoding="UTF-8"?>\n<LocationConstraint xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${body}</LocationConstraint>`
  response.writeHead(200, { 'content-type': 'application/xml', 'content-length': Buffer.byteLength(xml) }).end(xml)
}
