import { asFailure } from '../../electron/api/client.ts'
import type { Failure, ListedEntry } from '../../electron/api/contract.ts'
import { shownName } from '../words/names.ts'
import type { Working } from './toasts.svelte.ts'

/** What is dragged: an object as it was listed. */
export interface Dragged extends Pick<ListedEntry, 'key' | 'size' | 'etag' | 'lastModified'> {
  place: string
  bucket: string
}

/** How a file leaves the window by a drag: it is fetched first, for the system drags files of the disk. */
export interface Drags {
  /** Decrypts an object into a private folder, whole and proven. `onShare` hears how much of it is there: 0 to 1. */
  fetch(object: { place: string; bucket: string; key: string }, onShare: (share: number) => void): Promise<Fetched>
  /** Begins the system's drag of a file that was fetched; false if it is not there any more. */
  begin(path: string): Promise<boolean>
}

export type Fetched = { path: string } | { failure: Failure }

/** The pointer that drags. */
export interface Hold {
  /** True as long as its button is down. */
  isHeld(): boolean
}

/** How the person hears of a file that takes its time. */
export interface Say {
  working(title: string): Working
  done(title: string): void
  failed(failure: Failure): void
}

export interface DragOut {
  /** Drags the object out, now or, if its file comes too late for this drag, at the person's next. */
  drag(object: Dragged, hold: Hold): Promise<void>
}

/**
 * The system drags a file of the disk, and a drag that begins when no button is down sticks to the pointer. So a file that
 * comes after the button is up is kept, and the person is asked to drag it again.
 */
export function openDragOut(drags: Drags, say: Say): DragOut {
  /** Paths of what has been fetched. The host removes them after a while. */
  const fetched = new Map<string, string>()
  /** The latest drag of each object that is being fetched. */
  const holds = new Map<string, Hold>()

  async function fetch(id: string, object: Dragged): Promise<void> {
    const name = `“${shownName(object.key)}”`
    const working = say.working(`Getting ${name} ready. Drag it again when it is.`)
    const { place, bucket, key } = object
    try {
      const outcome = await drags.fetch({ place, bucket, key }, (share) => working.at(share))
      if ('failure' in outcome) {
        say.failed(outcome.failure)
        return
      }
      fetched.set(id, outcome.path)
      if (holds.get(id)?.isHeld() === true) await drags.begin(outcome.path)
      else say.done(`${name} is ready. Drag it again.`)
    } finally {
      working.end()
    }
  }

  return {
    async drag(object, hold) {
      const { place, bucket, key, size, etag, lastModified } = object
      const id = JSON.stringify([place, bucket, key, size, etag, lastModified])
      try {
        const path = fetched.get(id)
        if (path !== undefined && (await drags.begin(path))) return
        fetched.delete(id)
        const isUnderWay = holds.has(id)
        holds.set(id, hold)
        if (!isUnderWay) await fetch(id, object).finally(() => holds.delete(id))
      } catch (error) {
        say.failed(asFailure(error))
      }
    },
  }
}
