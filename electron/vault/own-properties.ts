import { OLD, V3 } from '../envelope/names.ts'
import { KEY_MARK } from '../modes/customer-keys.ts'
import type { ObjectHeaders } from '../transfers/object.ts'
import { readTags } from './look.ts'
import type { Reading } from './reading.ts'
import type { Vault } from './vault.ts'

/** What an object says of itself, whatever its encryption: it stays when the encryption changes. */
export interface OwnProperties {
  metadata: Record<string, string>
  headers: ObjectHeaders
  /** Undefined: they cannot be read here. */
  tags: Record<string, string> | undefined
}

const ENVELOPE_NAMES = new Set<string>([
  ...Object.values(OLD),
  ...Object.values(V3),
  'x-amz-unencrypted-content-length',
  'x-amz-crypto-instr-file',
])

export async function ownProperties(vault: Vault, reading: Reading, signal: AbortSignal): Promise<OwnProperties> {
  const { facts, head } = reading
  const tags = await readTags(vault, reading.stored, signal)
  return {
    metadata: without(facts.metadata, (name) => ENVELOPE_NAMES.has(name)),
    headers: {
      ContentType: head?.ContentType,
      CacheControl: head?.CacheControl,
      ContentDisposition: head?.ContentDisposition,
      ContentEncoding: head?.ContentEncoding,
      ContentLanguage: head?.ContentLanguage,
      StorageClass: head?.StorageClass,
    },
    tags: tags && without(tags, (name) => name === KEY_MARK),
  }
}

function without(all: Record<string, string>, drop: (name: string) => boolean): Record<string, string> {
  return Object.fromEntries(Object.entries(all).filter(([name]) => !drop(name)))
}
