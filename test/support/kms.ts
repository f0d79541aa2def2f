import { KMSClient } from '@aws-sdk/client-kms'
import type { LocalCloud } from './localcloud.ts'

/** AWS's own KMS client for This computer, as its owner or with other credentials; nothing is retried. */
export function kmsClient(
  cloud: Pick<LocalCloud, 'endpoint' | 'region' | 'accessKeyId' | 'secretAccessKey'>,
  credentials: { accessKeyId: string; secretAccessKey: string } = cloud,
): KMSClient {
  const { accessKeyId, secretAccessKey } = credentials
  return new KMSClient({
    endpoint: cloud.endpoint,
    region: cloud.region,
    credentials: { accessKeyId, secretAccessKey },
    maxAttempts: 1,
  })
}
