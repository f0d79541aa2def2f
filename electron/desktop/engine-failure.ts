import type { BrowserWindow } from 'electron'
import { askPerson } from './ask-person.ts'

export interface EngineFailure {
  message: string
  hint: string
  /** The database is damaged, and this copy of it can be put in its place. */
  copyMadeAt: Date | undefined
}

const RESTORE = 'Put the copy back'
const AGAIN = 'Start Again'
const QUIT = 'Quit Coffer'

/** The engine does not run: asks the person what is to happen. */
export async function askAboutEngine(
  window: BrowserWindow | undefined,
  { message, hint, copyMadeAt }: EngineFailure,
): Promise<'restore' | 'start-again' | 'quit'> {
  if (copyMadeAt !== undefined) {
    const detail = `A copy of ${copyMadeAt.toLocaleString()} is there. What was changed since then is not in it; keys are found again where keys are kept. The damaged file is kept under another name.`
    const buttons = [RESTORE, QUIT]
    const answer = await askPerson(window, { type: 'warning', message, detail, buttons, defaultId: 0, cancelId: 1 })
    return answer === RESTORE ? 'restore' : 'quit'
  }
  const buttons = [AGAIN, QUIT]
  const answer = await askPerson(window, { type: 'error', message, detail: hint, buttons, defaultId: 0, cancelId: 1 })
  return answer === AGAIN ? 'start-again' : 'quit'
}
