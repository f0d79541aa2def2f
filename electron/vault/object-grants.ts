import { GetObjectAclCommand, type Grant } from '@aws-sdk/client-s3'
import { isCofferError } from '../base/errors.ts'
import { send } from '../cloud/send.ts'
import { isPassing } from '../transfers/backoff.ts'
import type { ObjectHeaders } from '../transfers/object.ts'
import { knowsSubResource } from './known-sub-resource.ts'
import type { LostProperty, Vault } from './vault.ts'

/** Headers that give the same access once more, and what cannot be given so, in words. */
interface Grants {
  headers: ObjectHeaders
  lost: LostProperty[]
}

const NONE: Grants = { headers: {}, lost: [] }

type GrantHeader = 'GrantFullControl' | 'GrantRead' | 'GrantReadACP' | 'GrantWriteACP'

const HEADERS: Record<string, GrantHeader> = {
  FULL_CONTROL: 'GrantFullControl',
  READ: 'GrantRead',
  READ_ACP: 'GrantReadACP',
  WRITE_ACP: 'GrantWriteACP',
}

/**
 * The access list of an object, where it has one besides its owner's full control. Most buckets have none: Amazon S3 turns
 * them off (https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html). Throws failures of the network.
 */
export async function grantsOf(
  vault: Vault,
  { bucket, key, versionId }: { bucket: string; key: string; versionId?: string | undefined },
  signal: AbortSignal,
): Promise<Grants> {
  if (vault.server.kind === 'this-computer') return NONE
  const knows = await knowsSubResource(vault, 'acl', { bucket, key }, signal)
  if (knows === undefined) return UNREADABLE
  if (!knows) return NONE
  try {
    const command = new GetObjectAclCommand({ Bucket: bucket, Key: key, VersionId: versionId })
    const { Grants: all = [], Owner } = await send(vault.s3, command, signal)
    return inHeaders(all, Owner?.ID)
  } catch (error) {
    // Moto 5 fails at the access list of whatever was stored in parts.
    const isItsFault = vault.server.kind === 'foreign' && isCofferError(error, 'SERVER')
    if (isCofferError(error, 'ACCESS_DENIED') || isItsFault) return UNREADABLE
    if (isCofferError(error, 'CANCELLED') || isPassing(error)) throw error
    return NONE
  }
}

const UNREADABLE: Grants = {
  headers: {},
  lost: [{ what: 'an access list, should it have one (it cannot be read here)', isCertain: false }],
}

function inHeaders(grants: Grant[], owner: string | undefined): Grants {
  const others = grants.filter(({ Grantee, Permission }) => Permission !== 'FULL_CONTROL' || Grantee?.ID !== owner)
  if (others.length === 0) return NONE
  const said: Partial<Record<GrantHeader, string[]>> = {}
  const lost: LostProperty[] = []
  for (const { Grantee: { ID, URI, EmailAddress } = {}, Permission = '' } of grants) {
    const header = HEADERS[Permission]
    const whom = ID !== undefined ? `id="${ID}"` : URI !== undefined ? `uri="${URI}"` : undefined
    if (header === undefined || whom === undefined)
      lost.push({ what: `${Permission} for ${EmailAddress ?? 'somebody'}`, isCertain: true })
    else said[header] = [...(said[header] ?? []), whom]
  }
  return {
    headers: Object.fromEntries(Object.entries(said).map(([header, whom]) => [header, whom.join(', ')])),
    lost,
  }
}
