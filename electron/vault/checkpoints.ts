import { isCofferError, type ErrorCode } from '../base/errors.ts'
import type { Checkpoint, KeptDownload } from '../store/downloads.ts'
import type { Draft } from '../transfers/draft.ts'

/** Milliseconds between two: what a crash costs at most, and how often the disk is made to write. */
const EVERY = 1_000

/** Failures that a repetition, later, may not meet again. */
const PASSING: ErrorCode[] = ['PAUSED', 'NETWORK', 'SERVER', 'THROTTLED', 'CREDENTIALS_EXPIRED', 'LOCAL_SERVER', 'TLS']

/** Keeps the journal of a download up with its draft, never ahead of it. */
export interface Checkpoints {
  /** This is in the draft. */
  passed(reached: Checkpoint): void
  /** Waits for what is being written down. */
  settle(): Promise<void>
  /** The download fails with `error`: writes down how far it came, if a repetition can use it. */
  fail(error: unknown): Promise<void>
  /** True if the draft is to stay after this failure. */
  isWorthKeeping(error: unknown): boolean
}

/** `last`: stored bytes beyond which there is no going on, for what comes there is not plaintext. */
export function checkpoints(kept: KeptDownload, last: number): Checkpoints & { of(draft: Draft): void } {
  let draft: Draft | null = null
  let reached: Checkpoint = { done: kept.done, crc: kept.crc }
  let noted = reached
  let notedAt = performance.now()
  let noting: Promise<void> = Promise.resolve()
  let busy = false

  const note = async (): Promise<void> => {
    const now = reached
    if (now.done === noted.done || draft === null) return
    busy = true
    try {
      await draft.sync()
      kept.reached(now)
      noted = now
      notedAt = performance.now()
    } finally {
      busy = false
    }
  }
  const isWorthKeeping = (error: unknown): boolean =>
    reached.done > 0 && isCofferError(error) && PASSING.includes(error.code)

  return {
    of(its) {
      draft = its
    },
    passed(now) {
      if (now.done > last) return
      reached = now
      if (busy || performance.now() - notedAt < EVERY) return
      // A disk that fails here fails the next write too, and that one is waited for.
      noting = note().catch(() => undefined)
    },
    settle: () => noting,
    async fail(error) {
      await noting
      if (isWorthKeeping(error)) await note().catch(() => undefined)
    },
    isWorthKeeping,
  }
}
