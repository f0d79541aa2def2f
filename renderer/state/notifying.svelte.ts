import { coffer } from './coffer.ts'

/** Whether the person wants the system to tell them when a transfer ends that they do not look at. */
class Notifying {
  wanted = $state(true)

  /** Tells, if it is wanted and the window is not in front. */
  tell(title: string, text: string): void {
    const isInFront = !document.hidden && document.hasFocus()
    if (this.wanted && !isInFront) coffer.host.notify?.(title, text)
  }
}

export const notifying = new Notifying()
