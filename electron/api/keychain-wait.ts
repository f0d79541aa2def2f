import { createBell } from '../base/bell.ts'

/** Whether Coffer waits for the person to unlock the system's keychain, for hosts to show. */
export interface KeychainWait {
  /** For CofferOptions.onKeychainWait. */
  report: (isWaiting: boolean) => void
  /** The state, and again whenever it changes, until the signal fires. */
  watch(signal: AbortSignal): AsyncGenerator<boolean, void, void>
}

export function openKeychainWait(): KeychainWait {
  const bells = new Set<{ ring(): void }>()
  let waiting = 0
  return {
    report(isWaiting) {
      waiting += isWaiting ? 1 : -1
      for (const bell of bells) bell.ring()
    },
    async *watch(signal) {
      const bell = createBell()
      const ring = (): void => bell.ring()
      bells.add(bell)
      signal.addEventListener('abort', ring)
      try {
        for (let last: boolean | undefined; !signal.aborted;) {
          const now = waiting > 0
          if (now !== last) yield now
          last = now
          await bell.wait()
        }
      } finally {
        bells.delete(bell)
        signal.removeEventListener('abort', ring)
      }
    },
  }
}
