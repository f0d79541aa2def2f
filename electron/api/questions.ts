import { CofferError } from '../base/errors.ts'

/** What Coffer has to know from the person before it can go on. */
export interface Question {
  id: number
  /** In words for the person. */
  why: string
  /** `create`: there is no keychain, and answering is the consent to keep keys in a file under this passphrase. */
  purpose: 'open' | 'create'
}

/** Questions that a window answers. Whoever asked waits until one does, also for a window that is not open yet. */
export interface Questions {
  /** Answers '' for no. With `isRight`, the question stays open until it says so of an answer. */
  ask: (
    why: string,
    purpose: Question['purpose'],
    isRight?: (passphrase: string) => Promise<boolean>,
  ) => Promise<string>
  /** The open question, or null, and again whenever that changes. */
  watch(signal: AbortSignal): AsyncGenerator<Question | null, void, void>
  /** False if the passphrase is wrong: then the question stays open. Throws INVALID_INPUT if it is not open any more. */
  answer(id: number, passphrase: string): Promise<boolean>
  /** Nobody will answer any more: every open question is answered with no. */
  close(): void
}

interface Open {
  question: Question
  isRight: ((passphrase: string) => Promise<boolean>) | undefined
  settle: (passphrase: string) => void
}

export function openQuestions(): Questions {
  const open: Open[] = []
  const watchers = new Set<() => void>()
  let asked = 0
  let closed = false

  const changed = (): void => {
    for (const wake of watchers) wake()
  }
  const settle = (id: number, passphrase: string): boolean => {
    const at = open.findIndex(({ question }) => question.id === id)
    const [found] = at < 0 ? [] : open.splice(at, 1)
    found?.settle(passphrase)
    changed()
    return found !== undefined
  }
  return {
    ask(why, purpose, isRight) {
      if (closed) return Promise.resolve('')
      return new Promise((resolve) => {
        open.push({ question: { id: ++asked, why, purpose }, isRight, settle: resolve })
        changed()
      })
    },
    async *watch(signal) {
      let told: Question | null | undefined
      while (!signal.aborted) {
        const next = open[0]?.question ?? null
        if (next === told) await change(watchers, signal)
        else {
          told = next
          yield next
        }
      }
    },
    async answer(id, passphrase) {
      const isRight = open.find(({ question }) => question.id === id)?.isRight
      if (passphrase !== '' && isRight !== undefined && !(await isRight(passphrase))) return false
      if (settle(id, passphrase)) return true
      throw new CofferError('INVALID_INPUT', 'This question was answered already.')
    },
    close() {
      closed = true
      for (const { question } of [...open]) settle(question.id, '')
    },
  }
}

function change(watchers: Set<() => void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const wake = (): void => {
      watchers.delete(wake)
      signal.removeEventListener('abort', wake)
      resolve()
    }
    watchers.add(wake)
    signal.addEventListener('abort', wake, { once: true })
  })
}
