import { S3Client, S3ServiceException, type GetObjectCommand } from '@aws-sdk/client-s3'
import { createHash } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { startLocalCloud, type LocalCloud, type LocalCloudOptions } from '../../../support/localcloud.ts'

export interface Stage {
  s3: S3Client
  cloud: LocalCloud
  close(): Promise<void>
}

/** A server process of its own, on an empty folder unless told, and AWS's own client of it. */
export async function stageS3(options: LocalCloudOptions = {}): Promise<Stage> {
  const cloud = await startLocalCloud(options)
  const { endpoint, region } = cloud
  const s3 = new S3Client({ endpoint, region, credentials: cloud, forcePathStyle: true, maxAttempts: 1 })
  return {
    s3,
    cloud,
    close: async () => {
      s3.destroy()
      await cloud.stop()
    },
  }
}

/** The three headers of SSE-C as the client takes them. */
export function customerKeyHeaders(key: Buffer) {
  return {
    SSECustomerAlgorithm: 'AES256',
    SSECustomerKey: key.toString('base64'),
    SSECustomerKeyMD5: createHash('md5').update(key).digest('base64'),
  }
}

export function copySourceKeyHeaders(key: Buffer) {
  const { SSECustomerAlgorithm, SSECustomerKey, SSECustomerKeyMD5 } = customerKeyHeaders(key)
  return {
    CopySourceSSECustomerAlgorithm: SSECustomerAlgorithm,
    CopySourceSSECustomerKey: SSECustomerKey,
    CopySourceSSECustomerKeyMD5: SSECustomerKeyMD5,
  }
}

/** How a call failed: `403 AccessDenied`; `no failure` if it did not. */
export async function failureOf(call: Promise<unknown>): Promise<string> {
  try {
    await call
  } catch (error) {
    if (!(error instanceof S3ServiceException)) return String(error)
    return `${String(error.$metadata.httpStatusCode)} ${error.name}`
  }
  return 'no failure'
}

export async function bytesOf(answer: { Body?: { transformToByteArray(): Promise<Uint8Array> } | undefined }) {
  return Buffer.from((await answer.Body?.transformToByteArray()) ?? [])
}

/** The files of sealed bytes in a data folder. */
export async function blobFiles(dataDir: string): Promise<string[]> {
  const names = await readdir(join(dataDir, 'objects'), { recursive: true, withFileTypes: true })
  return names
    .filter((entry) => entry.isFile() && /^[0-9a-f]{32}$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
}

/** Sets headers on a read that its own parameters would not let through; they are signed like the others. */
export function withHeaders(command: GetObjectCommand, headers: Record<string, string>): GetObjectCommand {
  command.middlewareStack.add(
    (next) => (args) => {
      const { request } = args as typeof args & { request: { headers: Record<string, string> } }
      const replaced = new Set(Object.keys(headers).map((name) => name.toLowerCase()))
      const others = Object.entries(request.headers).filter(([name]) => !replaced.has(name.toLowerCase()))
      request.headers = { ...Object.fromEntries(others), ...headers }
      return next(args)
    },
    { step: 'build', priority: 'low' },
  )
  return command
}
