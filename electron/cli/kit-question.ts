import { isCofferError } from '../base/errors.ts'
import type { CofferError } from '../base/errors.ts'
import { ask } from './ask.ts'
import { isAnyoneThere } from './kit-passphrase.ts'
import { saveKit } from './kit.ts'
import type { Session } from './session.ts'

/**
 * Runs what writes under a key of the person's own. If the key has no recovery kit, somebody at the terminal is asked to save
 * it now, and it runs once more; a script gets the failure with the command that saves one. `--no-kit` goes on without.
 */
export async function withKit(
  session: Session,
  { kit }: { kit?: boolean },
  work: (acceptNoKit: boolean) => Promise<void>,
): Promise<void> {
  try {
    await work(kit === false)
  } catch (error) {
    if (!isCofferError(error, 'KIT_NEEDED') || !isAnyoneThere(session)) throw error
    await work(!(await offerKit(session, error)))
  }
}

/** True if a kit was saved, false if the person goes on without one; anything else ends the command. */
async function offerKit(session: Session, needed: CofferError): Promise<boolean> {
  const { keyId = '' } = needed.facts
  session.out.note(needed.message)
  const path = await ask('Save its recovery kit to which file? (nothing: not now) ', session.signal)
  if (path.trim() !== '') {
    await saveKit(session, { keys: [keyId], path: path.trim() })
    return true
  }
  const answer = await ask('Go on without a kit? Type yes: ', session.signal)
  if (answer.trim().toLowerCase() === 'yes') return false
  throw needed
}

/** Offers the kit of a key that is new here, where somebody can be asked; nothing typed leaves it for later. */
export async function offerFirstKit(session: Session, { id, name }: { id: string; name: string }): Promise<void> {
  session.out.note(`Losing the key ${name} loses every file under it, so it gets a recovery kit before its first use.`)
  if (!isAnyoneThere(session)) {
    session.out.note(`Save one: coffer key kit ${id.slice(0, 8)} FILE`)
    return
  }
  const path = await ask('Save it now, to which file? (nothing: later) ', session.signal)
  if (path.trim() !== '') await saveKit(session, { keys: [id], path: path.trim() })
}
