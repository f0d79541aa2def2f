import type { KeyMetadata, KMSClient } from '@aws-sdk/client-kms'
import {
  DescribeKeyCommand,
  GetKeyRotationStatusCommand,
  ListAliasesCommand,
  ListKeyRotationsCommand,
  ListKeysCommand,
  ListResourceTagsCommand,
} from '@aws-sdk/client-kms'
import { isCofferError } from '../../base/errors.ts'
import { send } from '../../cloud/send.ts'

/** One KMS key as the contract tells it. */
export interface KmsKey {
  keyId: string
  arn: string
  aliases: string[]
  description: string
  state: string
  manager: string
  createdAt: Date | undefined
  deletionAt: Date | undefined
}

export async function describeKey(kms: KMSClient, key: string, signal: AbortSignal): Promise<KmsKey> {
  const { KeyMetadata } = await send(kms, new DescribeKeyCommand({ KeyId: key }), signal)
  const aliases = await aliasesByKey(kms, signal)
  return toKey(KeyMetadata, aliases)
}

/** Every key of the account and region, in the order KMS lists them. */
export async function listKeys(kms: KMSClient, signal: AbortSignal): Promise<KmsKey[]> {
  const aliases = await aliasesByKey(kms, signal)
  const keys: KmsKey[] = []
  let Marker: string | undefined
  do {
    const page = await send(kms, new ListKeysCommand({ Marker }), signal)
    const described = (page.Keys ?? []).map(({ KeyId }) => send(kms, new DescribeKeyCommand({ KeyId }), signal))
    for (const { KeyMetadata } of await Promise.all(described)) keys.push(toKey(KeyMetadata, aliases))
    Marker = page.Truncated ? page.NextMarker : undefined
  } while (Marker !== undefined)
  return keys
}

type Aliases = ReadonlyMap<string, string[]>

/** Empty where the person may not list aliases: they are names only. */
async function aliasesByKey(kms: KMSClient, signal: AbortSignal): Promise<Aliases> {
  const aliases = new Map<string, string[]>()
  let Marker: string | undefined
  do {
    const page = await tolerating(send(kms, new ListAliasesCommand({ Marker }), signal))
    for (const { AliasName, TargetKeyId } of page?.Aliases ?? []) {
      if (AliasName === undefined || TargetKeyId === undefined) continue
      aliases.set(TargetKeyId, [...(aliases.get(TargetKeyId) ?? []), AliasName])
    }
    Marker = page?.Truncated ? page.NextMarker : undefined
  } while (Marker !== undefined)
  return aliases
}

function toKey(metadata: KeyMetadata | undefined, aliases: Aliases): KmsKey {
  const keyId = metadata?.KeyId ?? ''
  return {
    keyId,
    arn: metadata?.Arn ?? '',
    aliases: aliases.get(keyId) ?? [],
    description: metadata?.Description ?? '',
    state: metadata?.KeyState ?? 'Unknown',
    manager: metadata?.KeyManager ?? 'CUSTOMER',
    createdAt: metadata?.CreationDate,
    deletionAt: metadata?.DeletionDate,
  }
}

export interface Rotation {
  automatic: boolean
  periodDays: number | undefined
  nextAt: Date | undefined
  history: { at: Date | undefined; kind: string | undefined }[]
}

/** What is known of a key's rotation; what the person may not see, or the server does not know, is left empty. */
export async function rotationOf(kms: KMSClient, keyId: string, signal: AbortSignal): Promise<Rotation> {
  const status = await tolerating(send(kms, new GetKeyRotationStatusCommand({ KeyId: keyId }), signal))
  const list = await tolerating(send(kms, new ListKeyRotationsCommand({ KeyId: keyId }), signal))
  return {
    automatic: status?.KeyRotationEnabled ?? false,
    periodDays: status?.RotationPeriodInDays,
    nextAt: status?.NextRotationDate,
    history: (list?.Rotations ?? []).map(({ RotationDate, RotationType }) => ({
      at: RotationDate,
      kind: RotationType,
    })),
  }
}

export async function tagsOf(kms: KMSClient, keyId: string, signal: AbortSignal): Promise<Record<string, string>> {
  const page = await tolerating(send(kms, new ListResourceTagsCommand({ KeyId: keyId }), signal))
  return Object.fromEntries((page?.Tags ?? []).map(({ TagKey, TagValue }) => [TagKey ?? '', TagValue ?? '']))
}

const NOT_TOLD: ReadonlySet<string> = new Set([
  'KMS_DENIED',
  'ACCESS_DENIED',
  'UNSUPPORTED',
  'KMS_KEY_DISABLED',
  'KMS_KEY_PENDING_DELETION',
])

/** Null for what may not be seen, is not known there or cannot be asked of a key in this state; the rest still throws. */
async function tolerating<T>(answer: Promise<T>): Promise<T | null> {
  try {
    return await answer
  } catch (error) {
    if (isCofferError(error) && NOT_TOLD.has(error.code)) return null
    throw error
  }
}
