import { open } from 'node:fs/promises'
import { errnoOf } from '../base/local-failure.ts'

/** Folders whose names are being made durable, and the round that is to come after. */
const rounds = new Map<string, { running: Promise<void>; next: Promise<void> | null }>()

/**
 * Makes the names in a folder durable, all that are there when it is called. Calls that come while one is at it share the
 * next round, so that many files in one folder wait together. Throws the system's own errors.
 */
export function syncFolder(folder: string): Promise<void> {
  const under = rounds.get(folder)
  if (under !== undefined) return (under.next ??= under.running.catch(() => undefined).then(() => begin(folder)))
  return begin(folder)
}

function begin(folder: string): Promise<void> {
  const round = { running: sync(folder), next: null as Promise<void> | null }
  rounds.set(folder, round)
  const end = (): void => {
    if (round.next === null) rounds.delete(folder)
  }
  round.running.then(end, end)
  return round.running
}

/** Windows cannot open a folder; there the rename is journalled by NTFS. */
async function sync(folder: string): Promise<void> {
  try {
    const handle = await open(folder, 'r')
    await handle.sync().finally(() => handle.close())
  } catch (error) {
    if (!['EISDIR', 'EPERM', 'EACCES', 'EINVAL', 'ENOTSUP'].includes(errnoOf(error) ?? '')) throw error
  }
}
