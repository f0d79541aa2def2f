import { untrack } from 'svelte'

/** Something a person can do from where they are: in the palette, by its keys, and in the menu of the desktop app. */
export interface Command {
  id: string
  title: string
  group: 'Go' | 'Files' | 'Keys' | 'Transfers' | 'Window'
  /** `mod+k`, `delete`, `shift+f10`; `mod` is ⌘ on macOS and Ctrl elsewhere. */
  keys?: string | undefined
  run(): void
}

class Commands {
  #sets = $state<{ commands: () => Command[] }[]>([])

  /** All that can be done now; later registrations win a key over earlier ones. */
  get all(): Command[] {
    return this.#sets.flatMap((set) => set.commands())
  }

  /** Registers while a component is there: `$effect(() => commands.add(() => [...]))`. Returns the way to take it back. */
  add(list: () => Command[]): () => void {
    const set = { commands: list }
    // Whoever registers must not be called again because something was registered.
    this.#sets = [...untrack(() => this.#sets), set]
    return () => (this.#sets = untrack(() => this.#sets).filter((other) => other.commands !== list))
  }

  run(id: string): void {
    this.all.findLast((command) => command.id === id)?.run()
  }
}

export const commands = new Commands()

const isMac = navigator.userAgent.includes('Mac')

const ARROWS: Partial<Record<string, string>> = { arrowleft: '←', arrowright: '→', arrowup: '↑', arrowdown: '↓' }

/** How keys are written for a person: `⌘K`, `Ctrl+K`. */
export function keysText(keys: string): string {
  const parts = keys.split('+').map((part) => {
    if (part === 'mod') return isMac ? '⌘' : 'Ctrl'
    if (part === 'shift') return isMac ? '⇧' : 'Shift'
    if (part === 'alt') return isMac ? '⌥' : 'Alt'
    if (part === 'delete') return isMac ? '⌫' : 'Del'
    if (part in ARROWS) return ARROWS[part]
    return part.charAt(0).toUpperCase() + part.slice(1)
  })
  return parts.join(isMac ? '' : '+')
}

/** The keys of an event in the same notation; '' for a modifier alone. */
export function keysOf(event: KeyboardEvent): string {
  if (['Shift', 'Control', 'Alt', 'Meta'].includes(event.key)) return ''
  const mod = isMac ? event.metaKey : event.ctrlKey
  const name = event.key === 'Backspace' && isMac && mod ? 'delete' : event.key.toLowerCase()
  return [...(mod ? ['mod'] : []), ...(event.altKey ? ['alt'] : []), ...(event.shiftKey ? ['shift'] : []), name].join(
    '+',
  )
}

/** True where a key without `mod` belongs to what is being typed, or to an open dialog or menu. */
export function isTaken(event: KeyboardEvent): boolean {
  const target = event.target as HTMLElement
  const typing = target.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName)
  // What had the focus in a dialog may have gone from it; the dialog is open all the same.
  const elsewhere = target.closest('[role=menu]') !== null || document.querySelector('dialog[open]') !== null
  return elsewhere || (typing && !event.ctrlKey && !event.metaKey)
}
