import { setTimeout as sleep } from 'node:timers/promises'
import { createBell } from '../base/bell.ts'
import type { Queue } from '../transfers/queue/queue.ts'
import type { TransferDone } from '../vault/transfer-work.ts'

/** The transfers of this process in numbers, for the system around the window. */
export interface TransferStatus {
  /** Runs that move bytes or look for files, wait for their server, or were paused by the person. */
  running: number
  waiting: number
  paused: number
  /** Of all these runs. */
  files: number
  filesDone: number
  bytes: number
  bytesDone: number
}

export const NO_TRANSFERS: TransferStatus = {
  running: 0,
  waiting: 0,
  paused: 0,
  files: 0,
  filesDone: 0,
  bytes: 0,
  bytesDone: 0,
}

/** True if something is lost or delayed when the process ends now. */
export function isBusy({ running, waiting }: TransferStatus): boolean {
  return running + waiting > 0
}

/** Least milliseconds between two reports. */
const COALESCE = 500

/** The status, first as it is, then whenever it changes, until the signal fires. */
export async function* watchTransferStatus(
  queue: Queue<TransferDone>,
  signal: AbortSignal,
): AsyncGenerator<TransferStatus, void, void> {
  const bell = createBell()
  const ring = (): void => bell.ring()
  const off = queue.onChange(ring)
  signal.addEventListener('abort', ring)
  try {
    for (let last = ''; !signal.aborted;) {
      const status = statusOf(queue)
      const text = JSON.stringify(status)
      if (text !== last) yield status
      last = text
      await sleep(COALESCE, undefined, { signal }).catch(() => undefined)
      await bell.wait()
    }
  } finally {
    off()
    signal.removeEventListener('abort', ring)
  }
}

function statusOf(queue: Queue<TransferDone>): TransferStatus {
  const status = { ...NO_TRANSFERS }
  for (const { state, elsewhere, found, finished, bytesDone } of queue.views()) {
    if (elsewhere || (state !== 'running' && state !== 'waiting' && state !== 'paused')) continue
    status[state] += 1
    status.files += found.files
    status.filesDone += finished.files
    status.bytes += found.bytes
    status.bytesDone += bytesDone
  }
  return status
}
