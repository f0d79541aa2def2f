import { CreateBucketCommand, GetObjectCommand, UploadPartCommand } from '@aws-sdk/client-s3'
import { CreateKeyCommand } from '@aws-sdk/client-kms'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openClients } from '../../../electron/cloud/clients.ts'
import { upload } from '../../../electron/transfers/upload.ts'
import { connectionTo, startLocalCloud, type LocalCloud } from '../../support/localcloud.ts'
import { bytes, MiB, openUploads, plainUpload } from './kit.ts'

const { signal } = new AbortController()
const bucket = 'late'
const content = bytes(9 * MiB)
let cloud: LocalCloud
let clients: ReturnType<typeof openClients>
let kmsKeyId: string | undefined

beforeAll(async () => {
  cloud = await startLocalCloud()
  clients = openClients(connectionTo(cloud))
  await clients.s3.send(new CreateBucketCommand({ Bucket: bucket }))
  kmsKeyId = (await clients.kms.send(new CreateKeyCommand({}))).KeyMetadata?.Arn
})
afterAll(async () => {
  clients.close()
  await cloud.stop()
})

/** Uploads under SSE-KMS, where ETags are not of the content; of the first part, `late` comes after its acknowledgement. */
function uploadBefore(key: string, late: (sent: { bytes: number }) => Buffer): Promise<unknown> {
  const plain = plainUpload(bucket, key, content)
  const encryption = { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: kmsKeyId } as const
  let UploadId = ''
  return upload(
    clients.s3,
    { ...plain, plan: { ...plain.plan, encryption } },
    {
      signal,
      hooks: {
        created: ({ uploadId }) => Promise.resolve(void (UploadId = uploadId)),
        async afterPart({ number, bytes }) {
          if (number !== 1) return
          const part = { Bucket: bucket, Key: key, UploadId, PartNumber: 1, Body: late({ bytes }) }
          await clients.s3.send(new UploadPartCommand({ ...part, ChecksumAlgorithm: 'CRC32' }))
        },
      },
    },
  )
}

test('a part that arrives once more, after its repetition, does not keep the upload from its end', async () => {
  await uploadBefore('same', (sent) => content.subarray(0, sent.bytes))
  const { Body } = await clients.s3.send(new GetObjectCommand({ Bucket: bucket, Key: 'same' }))
  expect(Buffer.from((await Body?.transformToByteArray()) ?? []).equals(content)).toBe(true)
})

test('a part that was replaced by another content of the same size is refused, and no upload is left', async () => {
  const uploading = uploadBefore('other', (sent) => bytes(sent.bytes))
  await expect(uploading).rejects.toMatchObject({ facts: { awsCode: 'InvalidPart' } })
  expect(await openUploads(clients.s3, bucket)).toBe(0)
})
