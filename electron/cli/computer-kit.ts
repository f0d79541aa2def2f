import type { CofferClient } from '../api/client.ts'
import type { Session } from './session.ts'
import { moment } from './words.ts'

type ComputerKit = NonNullable<Awaited<ReturnType<CofferClient['local']['status']>>['kit']>

const SAVE = 'coffer key kit --computer FILE'

/** `This computer's recovery kit: NONE.` and what to do. */
export function computerKitInWords({ savedAt, isCurrent }: ComputerKit): string {
  if (savedAt === null) return `This computer's recovery kit: NONE. Save one: ${SAVE}`
  const state = isCurrent ? '' : `, before its KMS keys were last changed. Save a new one: ${SAVE}`
  return `This computer's recovery kit: ${moment(savedAt)}${state}`
}

/**
 * After something was stored in This computer, says that it has no kit, or one that is older than its KMS keys: its root key
 * is in the keychain alone. Says nothing of other places.
 */
export async function remindOfComputerKit({ client, place, out, signal }: Session): Promise<void> {
  if (out.json || typeof place === 'object') return
  const places = await client.places.list({}, { signal })
  const here = places.find(({ id, name, isDefault }) => (place === undefined ? isDefault : [id, name].includes(place)))
  if (here?.kind !== 'local') return
  const { kit } = await client.local.status({}, { signal })
  if (kit !== null && (kit.savedAt === null || !kit.isCurrent)) out.note(computerKitInWords(kit))
}
