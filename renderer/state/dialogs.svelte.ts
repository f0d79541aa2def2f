import type { Component } from 'svelte'

/** What every dialog gets besides its own props: how it ends, with what was decided or with nothing. */
export interface DialogProps<Result = undefined> {
  close: (result?: Result) => void
}

type ResultOf<P> = P extends DialogProps<infer Result> ? Result : never

interface Opened {
  id: number
  component: Component<Record<string, unknown>>
  props: Record<string, unknown>
}

/** The dialogs that are open, the last one on top. */
class Dialogs {
  #open = $state.raw<Opened[]>([])
  #next = 1

  get open(): readonly Opened[] {
    return this.#open
  }

  /** Shows a dialog over everything; resolves with its result, or undefined if it was dismissed. */
  show<P extends DialogProps<never>>(
    component: Component<P>,
    props: Omit<P, 'close'>,
  ): Promise<ResultOf<P> | undefined> {
    return new Promise((resolve) => {
      const id = this.#next++
      const close = (result?: ResultOf<P>): void => {
        this.#open = this.#open.filter((dialog) => dialog.id !== id)
        resolve(result)
      }
      // A component and its props belong together; a list of different ones cannot say so.
      this.#open = [
        ...this.#open,
        { id, component: component as unknown as Opened['component'], props: { ...props, close } },
      ]
    })
  }
}

export const dialogs = new Dialogs()
