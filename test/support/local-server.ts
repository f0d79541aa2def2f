import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import type { PutObjectCommandInput } from '@aws-sdk/client-s3'
import { OWNER, REGION } from '../../electron/localcloud/account.ts'
import { openPrincipals } from '../../electron/localcloud/auth/principals.ts'
import { createVerifier } from '../../electron/localcloud/auth/verify.ts'
import type { Notice } from '../../electron/localcloud/handshake.ts'
import { jsonApi } from '../../electron/localcloud/json-api.ts'
import { createKms, type Kms } from '../../electron/localcloud/kms/service.ts'
import { deriveKeys } from '../../electron/localcloud/root-key.ts'
import { createS3 } from '../../electron/localcloud/s3/service.ts'
import { createLocalServer } from '../../electron/localcloud/server.ts'
import { openStorage, type Storage } from '../../electron/localcloud/storage/storage.ts'

export interface LocalServerOptions {
  dataDir: string
  /** 32 bytes; kept. */
  rootKey: Buffer
  rebuild?: boolean
  keepRemovedMs?: number
}

/** This computer's S3 and KMS in this very process, over real HTTP. */
export interface LocalServer {
  s3: S3Client
  endpoint: string
  credentials: { accessKeyId: string; secretAccessKey: string }
  kms: Kms
  storage: Storage
  notices: Notice[]
  close(): Promise<void>
}

const quiet = (): void => undefined
/** A body that is a stream cannot be sent again: the client warns of that on each failure that a test asks for. */
const SILENT = { trace: quiet, debug: quiet, info: quiet, warn: quiet, error: quiet }

const CREDENTIALS = { accessKeyId: 'AKIATESTTESTTESTTEST', secretAccessKey: 'secret'.repeat(6) }

export async function startLocalServer(options: LocalServerOptions): Promise<LocalServer> {
  const { dataDir, rootKey, rebuild = false, keepRemovedMs = 600_000 } = options
  mkdirSync(dataDir, { recursive: true })
  const keys = deriveKeys(Buffer.from(rootKey), dataDir)
  if (!keys) throw new Error('The root key is another')
  const principals = openPrincipals(dataDir, keys.principalsWrapping, Date.now)
  const kms = createKms({ dataDir, wrappingKey: keys.kmsWrapping, now: Date.now, principalExists: principals.exists })
  const storage = await openStorage({
    ...{ dataDir, rebuild, keepRemovedMs, logKey: keys.indexLog, descriptionKey: keys.description },
    onSlow: () => undefined,
  })
  const find = (accessKeyId: string) =>
    accessKeyId === CREDENTIALS.accessKeyId
      ? { principal: OWNER, secret: () => CREDENTIALS.secretAccessKey }
      : undefined
  const server = createLocalServer({
    verify: createVerifier(REGION, find, Date.now),
    s3: createS3({ storage, region: REGION, s3MasterKey: keys.s3Master, kms: kms.port }),
    json: jsonApi(kms, principals, dataDir),
    proofOf: () => randomBytes(32),
    onActivity: () => undefined,
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const endpoint = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`
  const s3 = new S3Client({
    endpoint,
    region: REGION,
    credentials: CREDENTIALS,
    forcePathStyle: true,
    maxAttempts: 1,
    logger: SILENT,
  })
  return {
    ...{ s3, endpoint, credentials: CREDENTIALS, kms, storage, notices: storage.notices },
    close: async () => {
      s3.destroy()
      server.closeAllConnections()
      server.close()
      await storage.close()
      kms.close()
      principals.close()
    },
  }
}

/** What was acknowledged, by bucket and key, to be compared with what is there later. */
export class Acknowledged {
  readonly bytes = new Map<
    string,
    { bucket: string; key: string; body: Buffer; more: Partial<PutObjectCommandInput> }
  >()

  async bucket(server: LocalServer, bucket: string): Promise<void> {
    await server.s3.send(new CreateBucketCommand({ Bucket: bucket }))
  }

  async put(server: LocalServer, bucket: string, key: string, body: Buffer, more: Partial<PutObjectCommandInput> = {}) {
    const answer = await server.s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: body, ...more }))
    this.bytes.set(`${bucket}/${key}`, { bucket, key, body, more })
    return answer
  }

  /** The names of those that do not read back, and why. */
  async failures(server: LocalServer): Promise<string[]> {
    const failed: string[] = []
    for (const { bucket, key, body, more } of this.bytes.values()) {
      try {
        const { SSECustomerAlgorithm, SSECustomerKey, SSECustomerKeyMD5 } = more
        const named = { Bucket: bucket, Key: key, SSECustomerAlgorithm, SSECustomerKey, SSECustomerKeyMD5 }
        const answer = await server.s3.send(new GetObjectCommand(named))
        const back = Buffer.from((await answer.Body?.transformToByteArray()) ?? [])
        if (!back.equals(body)) failed.push(`${bucket}/${key}: other content`)
      } catch (error) {
        failed.push(`${bucket}/${key}: ${String(error)}`)
      }
    }
    return failed
  }
}

/** The headers of SSE-C as the client takes them. */
export function customerKey(key: Buffer): Partial<PutObjectCommandInput> {
  const SSECustomerKeyMD5 = createHash('md5').update(key).digest('base64')
  return { SSECustomerAlgorithm: 'AES256', SSECustomerKey: key.toString('base64'), SSECustomerKeyMD5 }
}
