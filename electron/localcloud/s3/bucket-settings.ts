import { S3Error } from '../request.ts'
import type { BucketEncryption } from '../storage/buckets.ts'
import { sendEmpty, sendXml } from './answers.ts'
import { bucketOf, bucketStill, type Operation } from './context.ts'
import { readDocument } from './documents.ts'
import { invalidArgument, malformedXml, notImplemented } from './failures.ts'
import type { XmlElement } from './xml.ts'
import type { XmlNode } from './read-xml.ts'

/** GetBucketVersioning. */
export const getBucketVersioning: Operation = (context, request, response) => {
  const { versioning } = bucketOf(context, request)
  sendXml(response, 'VersioningConfiguration', versioning === '' ? [] : [['Status', versioning]])
}

/** PutBucketVersioning. */
export const putBucketVersioning: Operation = async (context, request, response) => {
  const bucket = bucketOf(context, request)
  const document = await readDocument(request, 'VersioningConfiguration')
  if (document.one('MfaDelete')?.text.trim() === 'Enabled') throw notImplemented('MFA delete is not implemented')
  const status = document.one('Status')?.text.trim()
  if (status !== 'Enabled' && status !== 'Suspended') {
    throw new S3Error('IllegalVersioningConfigurationException', 400, 'The Versioning element must be specified')
  }
  await context.database.commit(() => context.buckets.setVersioning(bucketStill(context, bucket).id, status))
  sendEmpty(response, 200)
}

const S3_DEFAULT: BucketEncryption = {
  algorithm: 'AES256',
  bucketKey: false,
  blocksCustomerKeys: false,
  namesBlocked: false,
}

/** GetBucketEncryption; every bucket has one, SSE-S3 by itself. */
export const getBucketEncryption: Operation = (context, request, response) => {
  const { algorithm, kmsKeyId, bucketKey, blocksCustomerKeys, namesBlocked } =
    bucketOf(context, request).encryption ?? S3_DEFAULT
  const blocked: XmlElement[] = namesBlocked
    ? [['BlockedEncryptionTypes', [['EncryptionType', blocksCustomerKeys ? 'SSE-C' : 'NONE']]]]
    : []
  sendXml(response, 'ServerSideEncryptionConfiguration', [
    [
      'Rule',
      [
        [
          'ApplyServerSideEncryptionByDefault',
          [
            ['SSEAlgorithm', algorithm],
            ['KMSMasterKeyID', kmsKeyId],
          ],
        ],
        ['BucketKeyEnabled', bucketKey],
        ...blocked,
      ],
    ],
  ])
}

/** PutBucketEncryption, with BlockedEncryptionTypes. */
export const putBucketEncryption: Operation = async (context, request, response) => {
  const bucket = bucketOf(context, request)
  const rules = (await readDocument(request, 'ServerSideEncryptionConfiguration')).all('Rule')
  const [rule] = rules
  if (!rule || rules.length !== 1) throw malformedXml()
  const encryption = { ...readDefault(rule), ...readBlocked(rule) }
  await context.database.commit(() => context.buckets.setEncryption(bucketStill(context, bucket).id, encryption))
  sendEmpty(response, 200)
}

function readDefault(rule: XmlNode): Pick<BucketEncryption, 'algorithm' | 'kmsKeyId' | 'bucketKey'> {
  const byDefault = rule.one('ApplyServerSideEncryptionByDefault')
  const algorithm = byDefault ? byDefault.one('SSEAlgorithm')?.text.trim() : 'AES256'
  if (algorithm !== 'AES256' && algorithm !== 'aws:kms' && algorithm !== 'aws:kms:dsse') throw malformedXml()
  const kmsKeyId = byDefault?.one('KMSMasterKeyID')?.text.trim()
  if (algorithm === 'AES256' && kmsKeyId !== undefined && kmsKeyId !== '') {
    throw invalidArgument(
      'a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse',
    )
  }
  const bucketKey = rule.one('BucketKeyEnabled')?.text.trim() === 'true'
  return { algorithm, bucketKey, ...(kmsKeyId === undefined || kmsKeyId === '' ? {} : { kmsKeyId }) }
}

function readBlocked(rule: XmlNode): Pick<BucketEncryption, 'blocksCustomerKeys' | 'namesBlocked'> {
  const types =
    rule
      .one('BlockedEncryptionTypes')
      ?.all('EncryptionType')
      .map(({ text }) => text.trim()) ?? []
  if (types.some((type) => type !== 'SSE-C' && type !== 'NONE') || types.length > 1) throw malformedXml()
  return { blocksCustomerKeys: types.includes('SSE-C'), namesBlocked: types.length > 0 }
}

/** DeleteBucketEncryption: back to S3's own default. */
export const deleteBucketEncryption: Operation = async (context, request, response) => {
  const bucket = bucketOf(context, request)
  await context.database.commit(() => context.buckets.setEncryption(bucketStill(context, bucket).id, undefined))
  sendEmpty(response, 204)
}
