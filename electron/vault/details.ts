import { isCofferError, type ErrorCode } from '../base/errors.ts'
import type { ObservedMode } from '../base/mode-names.ts'
import { taskGroup } from '../transfers/group.ts'
import { inspect } from './inspect.ts'
import type { Vault } from './vault.ts'

/** How one object is encrypted, as far as it can be told without reading it. */
export interface ObjectDetails {
  key: string
  mode: ObservedMode | undefined
  keyId: string | undefined
  /** Why it cannot be told. */
  error: ErrorCode | undefined
}

const AT_ONCE = 8

/**
 * The modes and keys of a few objects, those that are looked at, in the order of `keys`. What the catalog knows for an
 * object's ETag is not asked again; the others are, a few at once, and remembered. One that fails says why and stops no
 * other. Throws CANCELLED.
 */
export async function details(
  vault: Vault,
  { bucket, keys }: { bucket: string; keys: string[] },
  signal: AbortSignal,
): Promise<ObjectDetails[]> {
  const found = keys.map((key): ObjectDetails => {
    const { mode, keyId } = vault.catalog.listing.find(vault.place, bucket, key) ?? {}
    return { key, mode, keyId, error: undefined }
  })
  const group = taskGroup(AT_ONCE, signal)
  for (const each of found) {
    if (each.mode !== undefined) continue
    await group.start(async (stop) => {
      Object.assign(each, await ask(vault, bucket, each.key, stop))
    })
  }
  await group.join()
  return found
}

async function ask(vault: Vault, bucket: string, key: string, signal: AbortSignal): Promise<Partial<ObjectDetails>> {
  try {
    const { mode, keyId } = await inspect(vault, { bucket, key, options: {} }, signal)
    return { mode, keyId }
  } catch (error) {
    if (!isCofferError(error) || error.code === 'CANCELLED') throw error
    return { error: error.code }
  }
}
