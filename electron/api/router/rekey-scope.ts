import { isKey, type KeyNames } from '../../vault/key-names.ts'
import { objectsBelow } from '../../vault/keys-below.ts'
import { isBeside } from '../../vault/replace.ts'
import type { Vault } from '../../vault/vault.ts'
import type { Coffer } from '../context.ts'
import type { Task } from '../../vault/tasks.ts'

interface Scope {
  bucket: string | undefined
  key: string
  under: KeyNames | undefined
  /** What instruction files end with: they belong to their objects. */
  instructionSuffix: string | undefined
}

/** `etag` as the listing says; undefined where nothing was listed. */
export interface InScope extends Task {
  etag: string | undefined
}

/**
 * The objects that a re-key goes over: one, a folder, a bucket, or what the catalog knows under a key. In a folder, what the
 * catalog knows to be under another key is left out without a question; the rest tells when its turn comes. What a re-key
 * itself writes beside an object is none of them. Throws OBJECT_NOT_FOUND if a folder has nothing below it.
 */
export function rekeyScope(
  coffer: Coffer,
  vault: Vault,
  { bucket, key, ...scope }: Scope,
  signal: AbortSignal,
): AsyncIterable<InScope> {
  if (bucket === undefined) return known(coffer, vault, scope.under?.names ?? [])
  return key === '' || key.endsWith('/') ? below(vault, bucket, key, scope, signal) : single(bucket, key)
}

async function* single(bucket: string, key: string): AsyncGenerator<InScope, void, void> {
  yield await Promise.resolve({ name: key, bucket, key, bytes: 0, etag: undefined })
}

async function* known({ catalog }: Coffer, vault: Vault, names: string[]): AsyncGenerator<InScope, void, void> {
  for (const keyId of names) {
    for (const { place, bucket, key, size } of catalog.listByKey(keyId, Number.MAX_SAFE_INTEGER)) {
      if (place !== vault.place) continue
      yield await Promise.resolve({ name: `s3://${bucket}/${key}`, bucket, key, bytes: size, etag: undefined })
    }
  }
}

async function* below(
  vault: Vault,
  bucket: string,
  prefix: string,
  { under, instructionSuffix }: Pick<Scope, 'under' | 'instructionSuffix'>,
  signal: AbortSignal,
): AsyncGenerator<InScope, void, void> {
  for await (const { key, size, etag, keyId } of objectsBelow(vault, { bucket, prefix, instructionSuffix }, signal)) {
    if (isBeside(key)) continue
    if (under !== undefined && keyId !== undefined && !isKey(under.names, keyId)) continue
    yield { name: key, bucket, key, bytes: size, etag }
  }
}
