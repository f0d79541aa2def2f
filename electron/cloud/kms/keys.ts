import type { KeyMetadata, KMSClient } from '@aws-sdk/client-kms'
import {
  CreateAliasCommand,
  CreateKeyCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  EnableKeyCommand,
  KeyState,
  ListKeysCommand,
} from '@aws-sdk/client-kms'
import { CofferError, isCofferError } from '../../base/errors.ts'
import { followPages, nextPlace } from '../paging.ts'
import { send } from '../send.ts'
import { aliasesByKey, aliasesOf, requireFreeAlias } from './aliases.ts'
import { rotationStatus } from './rotation.ts'
import type { RotationStatus } from './rotation.ts'
import { mapBounded, tolerating } from './tolerate.ts'

/** One KMS key as a list tells it. */
export interface KmsKey {
  keyId: string
  arn: string
  /** With their `alias/`, sorted. */
  aliases: string[]
  description: string
  /** In AWS's words; `Unknown` where the person may not see it. */
  state: KeyState | 'Unknown'
  /** `AWS`: made and managed by a service. `CUSTOMER`: the account's own. */
  manager: 'AWS' | 'CUSTOMER'
  createdAt: Date | undefined
  deletionAt: Date | undefined
}

/** What KMS tells beyond that. */
export interface KmsKeyFacts {
  usage: string | undefined
  spec: string | undefined
  origin: string | undefined
  multiRegion: boolean
}

/** Calls at once while keys are listed; far below KMS's own quotas (AWS KMS, "Request quotas"). */
const WIDTH = 8

/** Every key of the account and region, in the order KMS lists them. Throws KMS_DENIED where keys may not be listed. */
export async function listKeys(
  kms: KMSClient,
  signal: AbortSignal,
): Promise<(KmsKey & { rotation: RotationStatus | undefined })[]> {
  const aliases = await aliasesByKey(kms, signal)
  const ids: { keyId: string; arn: string }[] = []
  const what = 'the KMS keys'
  const ask = async (Marker: string | undefined) => {
    const { Keys = [], Truncated, NextMarker } = await send(kms, new ListKeysCommand({ Marker, Limit: 1000 }), signal)
    return { keys: Keys, next: nextPlace(Truncated, NextMarker || undefined, what) }
  }
  for await (const { keys } of followPages(what, ask, ({ keys: [first] }) => first?.KeyId)) {
    for (const { KeyId, KeyArn } of keys) if (KeyId) ids.push({ keyId: KeyId, arn: KeyArn ?? '' })
  }
  return await mapBounded(ids, WIDTH, async ({ keyId, arn }) => {
    const metadata = await tolerating(metadataOf(kms, keyId, signal))
    const key = toKey(metadata ?? { KeyId: keyId, Arn: arn }, aliases.get(keyId) ?? [])
    return { ...key, rotation: await rotationStatus(kms, key, signal) }
  })
}

/** A key by id, ARN or alias. Throws KMS_KEY_NOT_FOUND, KMS_DENIED. */
export async function describeKey(kms: KMSClient, key: string, signal: AbortSignal): Promise<KmsKey & KmsKeyFacts> {
  const metadata = await metadataOf(kms, key, signal)
  return {
    ...toKey(metadata, await aliasesOf(kms, metadata.KeyId ?? key, signal)),
    usage: metadata.KeyUsage,
    spec: metadata.KeySpec,
    origin: metadata.Origin,
    multiRegion: metadata.MultiRegion ?? false,
  }
}

export interface NewKmsKey {
  description: string
  /** With its `alias/`. */
  alias: string | undefined
  tags: Record<string, string>
}

/**
 * Makes a symmetric encryption key. An alias that is taken is found out before the key is made. Throws ALREADY_EXISTS for
 * the alias, INVALID_INPUT for tags that KMS refuses, KMS_DENIED.
 */
export async function createKey(kms: KMSClient, wanted: NewKmsKey, signal: AbortSignal): Promise<KmsKey> {
  const { description, alias, tags } = wanted
  if (alias !== undefined) await requireFreeAlias(kms, alias, signal)
  const Tags = Object.entries(tags).map(([TagKey, TagValue]) => ({ TagKey, TagValue }))
  const wish = { Description: description, Tags, KeyUsage: 'ENCRYPT_DECRYPT', KeySpec: 'SYMMETRIC_DEFAULT' } as const
  const { KeyMetadata } = await send(kms, new CreateKeyCommand(wish), signal)
  const made = toKey(KeyMetadata ?? {}, [])
  if (alias === undefined) return made
  try {
    await send(kms, new CreateAliasCommand({ AliasName: alias, TargetKeyId: made.keyId }), signal)
  } catch (error) {
    throw isCofferError(error) ? withoutAlias(error, made.keyId, alias) : error
  }
  return { ...made, aliases: [alias] }
}

/** The key is there, and must not be lost sight of because its name was refused. */
function withoutAlias(error: CofferError, keyId: string, alias: string): CofferError {
  return new CofferError(error.code, `The key ${keyId} was made, but without its alias: ${error.message}`, {
    hint: `Name it: coffer kms alias add ${alias} ${keyId}`,
    facts: { ...error.facts, kmsKeyId: keyId },
  })
}

/** Throws KMS_KEY_PENDING_DELETION, KMS_DENIED. */
export async function enableKey(kms: KMSClient, key: string, signal: AbortSignal): Promise<void> {
  await send(kms, new EnableKeyCommand({ KeyId: await ownKeyId(kms, key, signal) }), signal)
}

/** From now on nobody can use the key, until it is enabled again. Throws KMS_KEY_PENDING_DELETION, KMS_DENIED. */
export async function disableKey(kms: KMSClient, key: string, signal: AbortSignal): Promise<void> {
  await send(kms, new DisableKeyCommand({ KeyId: await ownKeyId(kms, key, signal) }), signal)
}

/**
 * The key id of a key that may be changed: KMS takes an alias for its use, and wants the id or ARN for its management.
 * Throws KMS_DENIED for a key that AWS manages. A caller who may not look at a key can still be allowed to change it.
 */
export async function ownKeyId(kms: KMSClient, key: string, signal: AbortSignal): Promise<string> {
  const isAlias = /(?:^|:)alias\//.test(key)
  const found = isAlias ? await metadataOf(kms, key, signal) : await tolerating(metadataOf(kms, key, signal))
  if (found?.KeyManager === 'AWS') {
    throw new CofferError('KMS_DENIED', `AWS made and manages the key ${key}: it cannot be changed.`, {
      hint: 'Make a key of your own: coffer kms create --alias NAME.',
      facts: { kmsKeyId: found.KeyId ?? key },
    })
  }
  return found?.KeyId ?? key
}

/** A key as KMS tells it. Throws KMS_KEY_NOT_FOUND, KMS_DENIED. */
export async function metadataOf(kms: KMSClient, key: string, signal: AbortSignal): Promise<KeyMetadata> {
  const { KeyMetadata } = await send(kms, new DescribeKeyCommand({ KeyId: key }), signal)
  return KeyMetadata ?? { KeyId: key }
}

const STATES: readonly string[] = Object.values(KeyState)

function toKey(metadata: Partial<KeyMetadata>, aliases: string[]): KmsKey {
  const state = metadata.KeyState
  return {
    keyId: metadata.KeyId ?? '',
    arn: metadata.Arn ?? '',
    aliases,
    description: metadata.Description ?? '',
    state: state !== undefined && STATES.includes(state) ? state : 'Unknown',
    manager: metadata.KeyManager === 'AWS' ? 'AWS' : 'CUSTOMER',
    createdAt: metadata.CreationDate,
    deletionAt: metadata.DeletionDate,
  }
}
