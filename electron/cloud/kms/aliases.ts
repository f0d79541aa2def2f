import type { AliasListEntry, KMSClient } from '@aws-sdk/client-kms'
import { CreateAliasCommand, DeleteAliasCommand, ListAliasesCommand, UpdateAliasCommand } from '@aws-sdk/client-kms'
import { CofferError, isCofferError } from '../../base/errors.ts'
import { followPages, nextPlace } from '../paging.ts'
import { send } from '../send.ts'
import { tolerating } from './tolerate.ts'

/** Every key's aliases, by key id; empty where the person may not list them: they are names only. */
export async function aliasesByKey(kms: KMSClient, signal: AbortSignal): Promise<Map<string, string[]>> {
  const aliases = new Map<string, string[]>()
  for (const { AliasName, TargetKeyId } of await list(kms, undefined, signal)) {
    if (AliasName === undefined || TargetKeyId === undefined) continue
    aliases.set(TargetKeyId, [...(aliases.get(TargetKeyId) ?? []), AliasName].sort())
  }
  return aliases
}

/** One key's aliases. */
export async function aliasesOf(kms: KMSClient, keyId: string, signal: AbortSignal): Promise<string[]> {
  const entries = await list(kms, keyId, signal)
  return entries.flatMap(({ AliasName }) => AliasName ?? []).sort()
}

/** Names a key. Throws ALREADY_EXISTS if the alias names a key, KMS_KEY_NOT_FOUND. `alias` has its `alias/`. */
export async function addAlias(kms: KMSClient, alias: string, keyId: string, signal: AbortSignal): Promise<void> {
  try {
    await send(kms, new CreateAliasCommand({ AliasName: alias, TargetKeyId: keyId }), signal)
  } catch (error) {
    throw isCofferError(error, 'ALREADY_EXISTS') ? taken(alias) : error
  }
}

/** Makes an alias name another key. Throws KMS_KEY_NOT_FOUND if there is no such alias or key. */
export async function moveAlias(kms: KMSClient, alias: string, keyId: string, signal: AbortSignal): Promise<void> {
  await send(kms, new UpdateAliasCommand({ AliasName: alias, TargetKeyId: keyId }), signal)
}

/** Forgets the name; the key stays. Throws KMS_KEY_NOT_FOUND. */
export async function removeAlias(kms: KMSClient, alias: string, signal: AbortSignal): Promise<void> {
  await send(kms, new DeleteAliasCommand({ AliasName: alias }), signal)
}

/** Throws ALREADY_EXISTS if the alias is known to name a key. */
export async function requireFreeAlias(kms: KMSClient, alias: string, signal: AbortSignal): Promise<void> {
  const entries = await list(kms, undefined, signal)
  if (entries.some(({ AliasName }) => AliasName === alias)) throw taken(alias)
}

function taken(alias: string): CofferError {
  return new CofferError('ALREADY_EXISTS', `${alias} names a key already.`, {
    hint: `Choose another name, or make it name this key: coffer kms alias move ${alias} KEY.`,
  })
}

async function list(kms: KMSClient, keyId: string | undefined, signal: AbortSignal): Promise<AliasListEntry[]> {
  const ask = async (Marker: string | undefined) => {
    const page = await tolerating(send(kms, new ListAliasesCommand({ KeyId: keyId, Marker, Limit: 100 }), signal))
    return { aliases: page?.Aliases ?? [], next: nextPlace(page?.Truncated, page?.NextMarker || undefined, WHAT) }
  }
  const entries: AliasListEntry[] = []
  for await (const { aliases } of followPages(WHAT, ask, ({ aliases: [first] }) => first?.AliasName)) {
    entries.push(...aliases)
  }
  return entries
}

const WHAT = 'the aliases of KMS keys'
