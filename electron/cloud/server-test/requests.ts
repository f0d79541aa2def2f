import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  HeadObjectCommand,
  UploadPartCommand,
  type HeadObjectCommandOutput,
  type PutObjectCommand,
  type PutObjectCommandInput,
} from '@aws-sdk/client-s3'
import type { WriteWay } from '../behaviour.ts'
import { send } from '../send.ts'
import { at, putText, sourceOf, type Scratch } from './scratch.ts'

export type Encryption = Pick<
  PutObjectCommandInput,
  'ServerSideEncryption' | 'SSEKMSKeyId' | 'SSECustomerAlgorithm' | 'SSECustomerKey' | 'SSECustomerKeyMD5'
>

/** HEAD of an object of the test, with the customer's key of `fields` if there is one. Throws what `send` throws. */
export function head(scratch: Scratch, name: string, fields: Encryption = {}): Promise<HeadObjectCommandOutput> {
  const { SSECustomerAlgorithm, SSECustomerKey, SSECustomerKeyMD5 } = fields
  const key = SSECustomerKey === undefined ? {} : { SSECustomerAlgorithm, SSECustomerKey, SSECustomerKeyMD5 }
  return send(scratch.s3, new HeadObjectCommand({ ...at(scratch, name), ...key }), scratch.signal)
}

/** Each way to write an object. They throw what `send` throws. */
export const WRITES: Record<WriteWay, (scratch: Scratch, name: string, encryption: Encryption) => Promise<unknown>> = {
  put: (scratch, name, encryption) => putText(scratch, name, `A file of the test: ${name}`, encryption),
  copy: (scratch, name, encryption) => {
    const CopySource = sourceOf(scratch, 'plain')
    return send(scratch.s3, new CopyObjectCommand({ ...at(scratch, name), CopySource, ...encryption }), scratch.signal)
  },
  multipart: (scratch, name, encryption) => putInParts(scratch, name, encryption),
}

/** One part: the last may be of any size. Throws what `send` throws. */
export async function putInParts(
  scratch: Scratch,
  name: string,
  encryption: Encryption,
  condition: { IfNoneMatch?: string } = {},
): Promise<void> {
  const { s3, uploads, signal } = scratch
  const which = at(scratch, name)
  const { SSECustomerAlgorithm, SSECustomerKey, SSECustomerKeyMD5 } = encryption
  const key = SSECustomerKey === undefined ? {} : { SSECustomerAlgorithm, SSECustomerKey, SSECustomerKeyMD5 }
  const { UploadId } = await send(s3, new CreateMultipartUploadCommand({ ...which, ...encryption }), signal)
  if (UploadId !== undefined) uploads.set(UploadId, which.Key)
  const part = { ...which, UploadId, PartNumber: 1, ...key }
  const { ETag } = await send(s3, new UploadPartCommand({ ...part, Body: Buffer.from(`In parts: ${name}`) }), signal)
  const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] }
  await send(
    s3,
    new CompleteMultipartUploadCommand({ ...which, UploadId, MultipartUpload, ...key, ...condition }),
    signal,
  )
  if (UploadId !== undefined) uploads.delete(UploadId)
}

/** The headers of a command's answer, once it is there. */
export function headersOf(command: PutObjectCommand | HeadObjectCommand): () => Record<string, string> {
  let headers: Record<string, string> = {}
  const stack = command.middlewareStack as PutObjectCommand['middlewareStack']
  stack.add(
    (next) => async (args) => {
      const result = await next(args)
      headers = (result.response as { headers: Record<string, string> }).headers
      return result
    },
    { step: 'deserialize', priority: 'low', name: 'headersOf' },
  )
  return () => headers
}
