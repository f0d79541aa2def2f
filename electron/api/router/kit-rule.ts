import { CofferError } from '../../base/errors.ts'
import type { ModeChoice } from '../../base/mode-names.ts'
import { CUSTOMER_KEY_KINDS, chooseKey } from '../../modes/customer-keys.ts'
import type { Coffer } from '../context.ts'

/** What is about to be written, as far as the rule looks at it. */
interface Write {
  mode: ModeChoice
  /** As it was named; undefined for the only one there is. */
  key: string | undefined
  /** The person says to go on without a kit; that is noted for the key and not asked again. */
  acceptNoKit: boolean
}

/**
 * Losing a customer key loses every file under it, so nothing is written under one that has no recovery kit until the
 * person says that it may be. Asked once an operation, before its first file. A public half needs none: whoever has the
 * private one keeps it. Throws KIT_NEEDED with the key's id and name as facts; KEY_NOT_FOUND and INVALID_INPUT if the key is
 * not to be had.
 */
export async function requireKit({ keys }: Pick<Coffer, 'keys'>, { mode, key, acceptNoKit }: Write): Promise<void> {
  if (mode !== 'sse-c' && mode !== 'cse-c') return
  const { id, name, kind, kitSavedAt, kitDeclinedAt } = await chooseKey(keys, key, CUSTOMER_KEY_KINDS[mode])
  if (kind === 'rsa-public' || kitSavedAt !== null || kitDeclinedAt !== null) return
  if (acceptNoKit) {
    await keys.markKitDeclined(id, new Date())
    return
  }
  throw new CofferError(
    'KIT_NEEDED',
    `The key ${name} has no recovery kit: if it is lost, so is every file under it.`,
    {
      hint: `Save one first: coffer key kit ${name.includes(' ') ? id : name} FILE. To go on without one: --no-kit.`,
      facts: { keyId: id, keyName: name },
    },
  )
}
