import { HeadObjectCommand, type HeadObjectCommandOutput } from '@aws-sdk/client-s3'
import { isCofferError } from '../base/errors.ts'
import { send } from '../cloud/send.ts'
import { customerKeyFields } from './customer-keys.ts'
import type { CustomerKeyFields, ModeEnv } from './mode.ts'

/** Each try is a request; a ring beyond this is not searched to its end. */
const MAX_TRIES = 32

/** The key that opens an SSE-C object, and what S3 told of the object once it saw that key. */
export interface FoundCustomerKey {
  keyId: string
  customerKey: CustomerKeyFields
  head: HeadObjectCommandOutput
}

/**
 * Finds the customer key of an SSE-C object by asking HEAD with one after the other: first the `likely` ids (the catalog's, the
 * tag's), in that order, then the other keys for SSE-C. To try a key is to give it to the server, and a hostile server could
 * ask for any key by calling any object SSE-C; so only keys that are for SSE-C are tried. Null if none of at most 32 opens
 * it. Throws OBJECT_NOT_FOUND and failures of the network.
 */
export async function findCustomerKey(
  env: ModeEnv,
  object: { bucket: string; key: string; versionId?: string | undefined },
  likely: (string | undefined)[] = [],
): Promise<FoundCustomerKey | null> {
  const ring = (await env.keys.list()).filter((info) => info.purpose === 'sse-c').map((info) => info.id)
  const candidates = new Set([...likely.filter((id) => id !== undefined && ring.includes(id)), ...ring])
  for (const keyId of [...candidates].slice(0, MAX_TRIES)) {
    if (keyId === undefined) continue
    const customerKey = await customerKeyFields(env.keys, keyId)
    const head = await headWith(env, object, customerKey)
    if (head !== null) return { keyId, customerKey, head }
  }
  return null
}

/** Null if this is not the object's key. Any other refusal (an expired token, a wrong clock) ends the search. */
async function headWith(
  { s3, signal }: ModeEnv,
  { bucket, key, versionId }: { bucket: string; key: string; versionId?: string | undefined },
  customerKey: CustomerKeyFields,
): Promise<HeadObjectCommandOutput | null> {
  try {
    const command = new HeadObjectCommand({ Bucket: bucket, Key: key, VersionId: versionId, ...customerKey })
    return await send(s3, command, signal)
  } catch (error) {
    if (isCofferError(error, 'KEY_WRONG')) return null
    throw error
  }
}
