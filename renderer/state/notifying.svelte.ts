import type { NotificationSubject } from '../../electron/api/contract/bridge.ts'
import { coffer } from './coffer.ts'

/** Whether the person wants the system to tell them when a transfer ends that they do not look at. */
class Notifying {
  wanted = $state(true)

  /** Tells, if it is wanted; the host does so unless the window is in front. */
  tell(title: string, text: string, about?: NotificationSubject): void {
    if (this.wanted) coffer.host.notify?.(title, text, about)
  }
}

export const notifying = new Notifying()
