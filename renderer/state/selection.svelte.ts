import { SvelteSet } from 'svelte/reactivity'
import { follow } from './follow.ts'

/** Which rows of a view are chosen, by index: one, a range, or some. `cursor` is where the keys are. */
export class Selection {
  cursor = $state(-1)
  #chosen = new SvelteSet<number>()
  #anchor = 0

  has(index: number): boolean {
    return this.#chosen.has(index)
  }

  get size(): number {
    return this.#chosen.size
  }

  get indexes(): number[] {
    return [...this.#chosen].sort((one, other) => one - other)
  }

  clear(): void {
    this.#chosen.clear()
    this.cursor = -1
  }

  only(index: number): void {
    this.#chosen.clear()
    this.#chosen.add(index)
    this.#anchor = index
    this.cursor = index
  }

  toggle(index: number): void {
    if (!this.#chosen.delete(index)) this.#chosen.add(index)
    this.#anchor = index
    this.cursor = index
  }

  /** From where the last single choice was, to `index`. */
  extend(index: number): void {
    this.#chosen.clear()
    const [first, last] = index < this.#anchor ? [index, this.#anchor] : [this.#anchor, index]
    for (let at = first; at <= last; at++) this.#chosen.add(at)
    this.cursor = index
  }

  /** A part of the list was read anew: what was chosen stays chosen, wherever it is now. */
  follow(offset: number, before: readonly string[], after: readonly string[]): void {
    const now = follow(this.indexes, offset, before, after)
    this.#chosen.clear()
    for (const index of now) this.#chosen.add(index)
    this.cursor = follow([this.cursor], offset, before, after)[0] ?? now[0] ?? -1
    this.#anchor = Math.max(0, this.cursor)
  }

  all(total: number): void {
    for (let at = 0; at < total; at++) this.#chosen.add(at)
    this.cursor = Math.max(0, this.cursor)
  }
}
