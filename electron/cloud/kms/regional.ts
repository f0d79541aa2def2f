import type { KMSClient } from '@aws-sdk/client-kms'
import { CofferError } from '../../base/errors.ts'
import { isAmazon } from '../behaviour.ts'

interface Regions {
  own: string
  open: (region: string) => KMSClient
  clients: Map<string, KMSClient>
}

const known = new WeakMap<KMSClient, Regions>()

/** The KMS client of a place's region, which `kmsOf` finds the clients of other regions by. Destroying it destroys those, too. */
export function regionalKms(own: string, open: (region: string) => KMSClient): KMSClient {
  const client = open(own)
  const clients = new Map<string, KMSClient>()
  known.set(client, { own, open, clients })
  const destroy = client.destroy.bind(client)
  client.destroy = () => {
    for (const other of clients.values()) other.destroy()
    destroy()
  }
  return client
}

/** `arn:aws:kms:eu-central-1:111122223333:key/…` (IAM User Guide, "Amazon Resource Names"). */
const KMS_ARN = /^arn:[a-z0-9-]+:kms:([a-z0-9-]+):\d*:(?:key|alias)\//

/** The region that the ARN of a KMS key or alias names; undefined for an id, an alias's name, or none. */
function regionOfKey(keyId: unknown): string | undefined {
  return typeof keyId === 'string' ? KMS_ARN.exec(keyId)?.[1] : undefined
}

/**
 * The client that a request about a KMS key goes to: KMS knows the keys of its own region only, and answers "Invalid arn" for
 * others. Throws INVALID_INPUT where the place's KMS endpoint is Amazon's of another region.
 */
export async function kmsOf(kms: KMSClient, input: object): Promise<KMSClient> {
  const regions = known.get(kms)
  const { KeyId, TargetKeyId } = input as { KeyId?: unknown; TargetKeyId?: unknown }
  const region = regionOfKey(KeyId) ?? regionOfKey(TargetKeyId)
  if (regions === undefined || region === undefined || region === regions.own) return kms
  await refuseOtherRegion(kms, region)
  const client = regions.clients.get(region) ?? regions.open(region)
  regions.clients.set(region, client)
  return client
}

async function refuseOtherRegion(kms: KMSClient, region: string): Promise<void> {
  const endpoint = await kms.config.endpoint?.()
  if (endpoint === undefined || !isAmazon(`https://${endpoint.hostname}`)) return
  if (endpoint.hostname.split('.').some((label) => label === region)) return
  throw new CofferError('INVALID_INPUT', `The KMS key is in ${region}, and the KMS endpoint is ${endpoint.hostname}.`, {
    hint: `Name the KMS endpoint of ${region} (--kms-endpoint-url), or none.`,
  })
}
