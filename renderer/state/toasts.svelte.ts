import type { Failure } from '../../electron/api/contract.ts'
import { explain } from '../words/failures.ts'

/** A line that comes and goes: what was done, or what went wrong, and a button for what is next. */
export interface Toast {
  id: number
  kind: 'done' | 'bad' | 'busy'
  title: string
  text: string
  action: { label: string; run: () => void } | undefined
  /** Of what is under way: 0 to 1, where it is known. */
  share?: number
}

/** Something under way that is told of. */
export interface Working {
  /** How far it is: 0 to 1. */
  at(share: number): void
  end(): void
}

/** Long enough to be read, twice that to be acted on, and failures stay until they are dismissed. */
const DONE_MS = 5000

/** What is over sooner is not told of while it is under way. */
const SOON_MS = 500

class Toasts {
  #all = $state<Toast[]>([])
  #next = 1

  get all(): readonly Toast[] {
    return this.#all
  }

  done(title: string, more: { text?: string; action?: Toast['action'] } = {}): void {
    const id = this.#push('done', title, more)
    setTimeout(() => this.dismiss(id), more.action === undefined ? DONE_MS : 2 * DONE_MS)
  }

  /** What should be known, until it is dismissed. */
  told(title: string): void {
    this.#push('bad', title, {})
  }

  failed(failure: Failure, action?: Toast['action']): void {
    const { title, next } = explain(failure)
    this.#push('bad', title, { text: next, ...(action === undefined ? {} : { action }) })
  }

  /** Tells of what is under way, if it takes longer than a moment. */
  working(title: string): Working {
    let id: number | undefined
    let share: number | undefined
    const show = (): void => {
      id = this.#push('busy', title, {})
      if (share !== undefined) at(share)
    }
    const at = (now: number): void => {
      share = now
      this.#all = this.#all.map((toast) => (toast.id === id ? { ...toast, share: now } : toast))
    }
    const timer = setTimeout(show, SOON_MS)
    const end = (): void => {
      clearTimeout(timer)
      if (id !== undefined) this.dismiss(id)
    }
    return { at, end }
  }

  dismiss(id: number): void {
    this.#all = this.#all.filter((toast) => toast.id !== id)
  }

  /** What went well needs no telling where it can be seen anyway. */
  dismissDone(): void {
    this.#all = this.#all.filter(({ kind }) => kind !== 'done')
  }

  #push(kind: Toast['kind'], title: string, more: { text?: string; action?: Toast['action'] }): number {
    const id = this.#next++
    this.#all = [...this.#all.slice(-3), { id, kind, title, text: more.text ?? '', action: more.action }]
    return id
  }
}

export const toasts = new Toasts()
