import type { TransferRunEntry } from '../../store/transfer-runs.ts'
import type { Session, Work } from './work.ts'

/** The open place of a run: opened at the first question, and again when its server has moved. */
export interface RunPlace<Done extends { bytes: number }> extends AsyncDisposable {
  get(): Promise<{ session: Session<Done>; generation: number }>
  /** Opens it again, unless somebody has done so since this generation. Answers false where that cannot help. */
  renew(generation: number): boolean
  /** The same for whoever has not worked with it. */
  reopen(): Promise<void>
}

/** `moves`: its server may come back at another address, as This computer does. */
export function openRunPlace<Done extends { bytes: number }>(
  work: Work<Done>,
  entry: TransferRunEntry,
  moves: boolean,
): RunPlace<Done> {
  let generation = 0
  let opening: Promise<Session<Done>> | null = null
  // Work under way may still hold what was opened before, so all of it is closed at the end.
  const opened: Session<Done>[] = []

  const open = async (): Promise<Session<Done>> => {
    const session = await work.open(entry)
    opened.push(session)
    return session
  }
  return {
    async get() {
      const mine = (opening ??= open())
      const now = generation
      try {
        return { session: await mine, generation: now }
      } catch (error) {
        if (opening === mine) opening = null
        throw error
      }
    },
    renew(seen) {
      if (!moves) return false
      if (seen === generation) {
        generation += 1
        opening = null
      }
      return true
    },
    async reopen() {
      // What did not open is opened anew by itself.
      await opening?.catch(() => undefined)
      if (moves && opening !== null) this.renew(generation)
    },
    async [Symbol.asyncDispose]() {
      await opening?.catch(() => undefined)
      for (const session of opened) session[Symbol.dispose]()
    },
  }
}
