import type { TransferRun } from '../../electron/api/contract.ts'
import { folderText, printable } from './names.ts'
import { count, duration, size } from './numbers.ts'

/** `1.1 of 1.7 GB`: the unit of both is that of the whole. */
export function progressText(done: number, total: number): string {
  return `${size(done)} of ${size(total)}`
}

/** `212 MB/s · 3 s left`, as far as it is known. */
export function paceText(speed: number, secondsLeft: number | undefined): string {
  if (speed <= 0) return ''
  const pace = `${size(speed)}/s`
  return secondsLeft === undefined ? pace : `${pace} · ${duration(secondsLeft)} left`
}

/** What a run is, for a person: `Sealing 14 files into papers / 2026`. */
export function runTitle(run: TransferRun): string {
  const isOver = run.state === 'finished' && run.conflicts.files === 0
  const files = run.finding ? 'files' : filesText(run)
  const folder = folderText(run.bucket, run.key)
  if (run.kind === 'put') return `${isOver ? 'Sealed' : 'Sealing'} ${files} into ${folder}`
  return `${isOver ? 'Saved' : 'Saving'} ${files} from ${folder}`
}

/** `14 files`; of a finished run that did not do them all, `12 of 14 files`. */
function filesText({ state, found, finished, conflicts }: TransferRun): string {
  const all = count(found.files, 'file')
  if (state !== 'finished' || conflicts.files > 0 || finished.files >= found.files) return all
  return `${finished.files.toLocaleString('en')} of ${all}`
}

/** How it stands: one line below its title. */
export function runNote(run: TransferRun): string {
  switch (run.state) {
    case 'running':
      return [progressText(run.bytesDone, run.found.bytes), paceText(run.speed, run.secondsLeft)]
        .filter(Boolean)
        .join(' · ')
    case 'waiting':
      return printable(run.error?.message ?? 'Can’t reach the server. The transfer resumes when it is back.')
    case 'paused':
      return `Paused at ${progressText(run.bytesDone, run.found.bytes)}`
    case 'stopped':
      return 'Interrupted. Resume it to continue where it stopped.'
    case 'cancelled':
      return 'Cancelled. Nothing was left behind.'
    case 'finished':
      return finishedNote(run)
  }
}

function finishedNote({ finished, failed, skipped, conflicts, to }: TransferRun): string {
  const parts = finished.files > 0 ? [size(finished.bytes)] : []
  if (to !== undefined && finished.files > 0) parts.push(`in ${printable(to)}`)
  if (failed.files > 0) parts.push(`${count(failed.files, 'file')} failed`)
  if (skipped.files > 0) parts.push(`${skipped.files.toLocaleString('en')} skipped`)
  if (conflicts.files > 0) parts.push(`${count(conflicts.files, 'file')} already there`)
  return parts.join(' · ')
}
