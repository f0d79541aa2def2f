import type { ModeChoice } from '../../base/mode-names.ts'
import type { KeyInfo } from '../../keys/keyring.ts'
import { claimKey } from '../../modes/customer-keys.ts'
import type { Coffer } from '../context.ts'
import { requireKit } from './kit-rule.ts'

/** The customer key of a write. `isFirstUse`: this write decided what the key is for. */
export interface WriteKey {
  key: KeyInfo
  isFirstUse: boolean
}

/**
 * Settles the customer key of a write, once for the operation and before its first file: it has a recovery kit or the person
 * goes without one, and it is for this mode from now on. Undefined for a mode that takes none. Throws KIT_NEEDED, KEY_PURPOSE,
 * KEY_NOT_FOUND and INVALID_INPUT.
 */
export async function settleWriteKey(
  coffer: Pick<Coffer, 'keys'>,
  write: { mode: ModeChoice; key: string | undefined; acceptNoKit: boolean },
): Promise<WriteKey | undefined> {
  const { mode } = write
  if (mode !== 'sse-c' && mode !== 'cse-c') return undefined
  const chosen = await requireKit(coffer, { ...write, mode })
  const key = await claimKey(coffer.keys, chosen.id, mode)
  return { key, isFirstUse: key.purpose !== chosen.purpose }
}

/** What a run tells of a key whose purpose it decided. */
export function purposeEvent({ key }: WriteKey) {
  const { id, name, purpose, kitSavedAt } = key
  return { kind: 'key-purpose' as const, keyId: id, keyName: name, purpose, kitLacksIt: kitSavedAt !== null }
}
