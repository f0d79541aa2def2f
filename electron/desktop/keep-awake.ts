import { powerSaveBlocker } from 'electron'

/** Returns the way to say whether the computer has to stay awake. The screen may sleep all the same. */
export function openKeepAwake(): (isNeeded: boolean) => void {
  let blocker: number | undefined
  return (isNeeded) => {
    if (isNeeded) blocker ??= powerSaveBlocker.start('prevent-app-suspension')
    else if (blocker !== undefined) {
      powerSaveBlocker.stop(blocker)
      blocker = undefined
    }
  }
}
