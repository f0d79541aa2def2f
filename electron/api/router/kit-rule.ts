import { CofferError } from '../../base/errors.ts'
import { purposeOf } from '../../base/key-purpose.ts'
import type { KeyInfo } from '../../keys/keyring.ts'
import { chooseKey } from '../../modes/customer-keys.ts'
import type { Coffer } from '../context.ts'

/** What is about to be written, as far as the rule looks at it. */
interface Write {
  mode: 'sse-c' | 'cse-c'
  /** As it was named; undefined for the only one there is. */
  key: string | undefined
  /** The person says to go on without a kit; that is noted for the key and not asked again. */
  acceptNoKit: boolean
}

/**
 * Losing a customer key loses every file under it, so nothing is written under one that has no recovery kit until the
 * person says that it may be. Asked once an operation, before its first file. A public half needs none: whoever has the
 * private one keeps it. Answers the key. Throws KIT_NEEDED with the key's id and name as facts; KEY_NOT_FOUND, KEY_PURPOSE
 * and INVALID_INPUT if the key is not to be had.
 */
export async function requireKit({ keys }: Pick<Coffer, 'keys'>, { mode, key, acceptNoKit }: Write): Promise<KeyInfo> {
  const chosen = await chooseKey(keys, key, mode)
  const { id, name, kind, kitSavedAt, kitDeclinedAt } = chosen
  if (kind === 'rsa-public' || kitSavedAt !== null || kitDeclinedAt !== null) return chosen
  if (acceptNoKit) return keys.markKitDeclined(id, new Date())
  throw new CofferError(
    'KIT_NEEDED',
    `The key ${name} has no recovery kit: if it is lost, so is every file under it.`,
    {
      hint: `Save one first: coffer key kit ${name.includes(' ') ? id : name} FILE. To go on without one: --no-kit.`,
      facts: { keyId: id, keyName: name, wanted: purposeOf(mode) },
    },
  )
}
