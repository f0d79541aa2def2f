import { isCofferError } from '../base/errors.ts'
import type { CofferError } from '../base/errors.ts'
import { ask } from './ask.ts'
import { saveKit } from './kit.ts'
import { isAnyoneThere, type Session } from './session.ts'
import { purposeInWords } from './words.ts'

/**
 * Runs what writes under a key of the person's own. If the key has no recovery kit, or came from elsewhere and would be sent
 * to a server, somebody at the terminal is asked, and it runs once more; a script gets the failure with the command that
 * settles it. `--no-kit` goes on without a kit.
 */
export async function withKey(
  session: Session,
  { kit }: { kit?: boolean },
  work: (acceptNoKit: boolean) => Promise<void>,
): Promise<void> {
  let acceptNoKit = kit === false
  for (;;) {
    try {
      await work(acceptNoKit)
      return
    } catch (error) {
      if (!isAnyoneThere(session)) throw error
      if (isCofferError(error, 'KIT_NEEDED') && !acceptNoKit) acceptNoKit = !(await offerKit(session, error))
      else if (isCofferError(error, 'KEY_PURPOSE') && error.facts['purpose'] === 'unknown')
        await askToSend(session, error)
      else throw error
    }
  }
}

/** Nothing says what the key was used for: only the person knows whether a server may get it. */
async function askToSend(session: Session, refused: CofferError): Promise<void> {
  session.out.note(refused.message)
  session.out.note('A key that has encrypted files must never be sent.')
  const answer = await ask('Is it a key for SSE-C, to be sent from now on? Type yes: ', session.signal)
  if (answer.trim().toLowerCase() !== 'yes') throw refused
  await session.client.keys.setPurpose(
    { key: refused.facts['keyId'] ?? '', purpose: 'sse-c' },
    { signal: session.signal },
  )
}

/** True if a kit was saved, false if the person goes on without one; anything else ends the command. */
async function offerKit(session: Session, needed: CofferError): Promise<boolean> {
  const { keyId = '' } = needed.facts
  session.out.note(needed.message)
  const path = await ask('Save its recovery kit to which file? (nothing: not now) ', session.signal)
  if (path.trim() !== '') {
    await settlePurpose(session, needed)
    await saveKit(session, { keys: [keyId], path: path.trim() })
    return true
  }
  const answer = await ask('Go on without a kit? Type yes: ', session.signal)
  if (answer.trim().toLowerCase() === 'yes') return false
  throw needed
}

/** Decided before the kit is saved, so that the kit says what the key is for. */
async function settlePurpose({ client, out, signal }: Session, { facts }: CofferError): Promise<void> {
  const { keyId = '', wanted } = facts
  if (wanted !== 'cse' && wanted !== 'sse-c') return
  const { name, purpose } = await client.keys.setPurpose({ key: keyId, purpose: wanted }, { signal })
  out.note(purposeInWords(name, purpose))
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
