import type { Failure } from '../../electron/api/contract.ts'
import { explain } from '../words/failures.ts'

/** A line that comes and goes: what was done, or what went wrong, and a button for what is next. */
export interface Toast {
  id: number
  kind: 'done' | 'bad'
  title: string
  text: string
  action: { label: string; run: () => void } | undefined
}

/** Long enough to be read, twice that to be acted on, and failures stay until they are dismissed. */
const DONE_MS = 5000

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

  failed(failure: Failure, action?: Toast['action']): void {
    const { title, next } = explain(failure)
    this.#push('bad', title, { text: next, ...(action === undefined ? {} : { action }) })
  }

  dismiss(id: number): void {
    this.#all = this.#all.filter((toast) => toast.id !== id)
  }

  /** What went well needs no telling where it can be seen anyway. */
  dismissDone(): void {
    this.#all = this.#all.filter(({ kind }) => kind === 'bad')
  }

  #push(kind: Toast['kind'], title: string, more: { text?: string; action?: Toast['action'] }): number {
    const id = this.#next++
    this.#all = [...this.#all.slice(-3), { id, kind, title, text: more.text ?? '', action: more.action }]
    return id
  }
}

export const toasts = new Toasts()
