import type { GetEvent, PutEvent, RekeyEvent, VerifyEvent } from '../api/contract/objects.ts'
import { CofferError } from '../base/errors.ts'
import type { Output } from './output.ts'
import { createProgress } from './progress.ts'
import type { Session } from './session.ts'
import { showTarget } from './target.ts'
import { count, duration, modeName, purposeInWords, size } from './words.ts'

type Event = PutEvent | GetEvent | VerifyEvent | RekeyEvent
export type Done<E extends Event = Event> = Extract<E, { kind: 'file-done' }>

/** Follows an operation on many files to its end and tells of each as it is done. One failure does not stop the rest. */
export async function follow<E extends Event>(
  session: Session,
  events: AsyncIterable<E>,
  words: { verb: string; line(done: Done<E>): string },
): Promise<void> {
  const { out, fail } = session
  const progress = createProgress(out)
  const started = performance.now()
  const total = { files: 0, bytes: 0 }
  let leftOut = 0
  for await (const event of events as AsyncIterable<Event>) {
    switch (event.kind) {
      case 'found':
        progress.found(event.files, event.bytes)
        break
      case 'resumed':
        out.note(
          `${event.name} goes on where it stood: ${size(event.done)} of ${size(event.total)} are there already.`,
          { resumed: event.name, done: event.done, total: event.total },
        )
        break
      case 'progress':
        progress.advanced(event.name, event.done)
        break
      case 'file-done':
        out.result(row(event), words.line(event as Done<E>))
        progress.finished(event.name, event.bytes)
        total.files += 1
        total.bytes += event.bytes
        break
      case 'file-failed':
        fail(event.error, whereOf(event))
        progress.finished(event.name, 0)
        break
      case 'skipped':
        out.note(`Skipped ${event.name}: ${event.why}`, { skipped: event.name, why: event.why })
        if (event.leftOut === true) leftOut += 1
        break
      case 'not-kept':
        out.note(`${showTarget(event)} will be without ${event.properties.join(', ')}`, notKeptRow(event))
        break
      case 'stopped':
        if (event.files > 0)
          out.note(`Stopped there: ${count(event.files, 'file')} left as before.`, { stopped: event.files })
        break
      case 'usual-mode':
        out.note(`Mode: ${modeName(event.mode)}, this bucket's usual one.`)
        break
      case 'key-purpose':
        out.note(purposeInWords(event.keyName, event.purpose), { keyPurpose: event.purpose, keyId: event.keyId })
        if (event.kitLacksIt) out.note('Its recovery kit does not say so yet: save it again (coffer key kit).')
        break
      case 'already':
        out.note(`${showTarget(event)} is there already  (${modeName(event.mode)})`, alreadyRow(event))
        progress.finished(event.name, 0)
        break
      case 'elsewhere':
        progress.finished(event.name, 0)
        break
      case 'run':
        if (event.resumed) out.note('This re-key was begun before; it goes on.')
        break
      case 'run-ended':
        tellOfRun(out, event)
        break
      case 'started':
        break
    }
  }
  summarise(out, words.verb, total, (performance.now() - started) / 1000)
  if (leftOut > 0) fail(leftOutFailure(leftOut))
}

/** What was found and is nowhere now. */
function leftOutFailure(count: number): CofferError {
  const items = count === 1 ? 'One file or folder was' : `${count} files and folders were`
  return new CofferError('LEFT_OUT', `${items} left out.`)
}

type RunEnded = Extract<RekeyEvent, { kind: 'run-ended' }>

function tellOfRun(out: Output, ended: RunEnded): void {
  const { finished, done, failed, elsewhere, keepingOlder, purged } = ended
  out.note(
    `Under the new mode and key now: ${count(done, 'object')}` +
      (elsewhere === 0 ? '' : `, ${elsewhere} under other keys left alone`) +
      (failed === 0 ? '.' : `, ${failed} failed. Repeat the command to go on with these.`),
    { run: { finished, done, failed, elsewhere, keepingOlder, purged } },
  )
  if (purged > 0) out.note(`${count(purged, 'older version')} deleted.`)
  if (keepingOlder > 0)
    out.note(
      `The bucket keeps versions: older ones of ${count(keepingOlder, 'object')} are still under their old keys. ` +
        'To delete these for good: --purge-old-versions.',
    )
}

function notKeptRow({ bucket, key, properties }: Extract<Event, { kind: 'not-kept' }>): object {
  return { notKept: { bucket, key, properties } }
}

function alreadyRow({ bucket, key, mode, keyId, purged }: Extract<RekeyEvent, { kind: 'already' }>): object {
  return { already: { bucket, key, mode, keyId, purged } }
}

/** Where it failed, if it got as far as one object. */
function whereOf({ bucket, key }: { bucket: string; key: string }): { bucket: string; key: string } | undefined {
  return key === '' || key.endsWith('/') ? undefined : { bucket, key }
}

function summarise(
  out: Output,
  verb: string,
  { files, bytes }: { files: number; bytes: number },
  seconds: number,
): void {
  if (files < 2) return
  out.note(`${count(files, 'file')} ${verb}: ${size(bytes)} in ${duration(seconds)} (${size(bytes / seconds)}/s)`)
}

/** What `--json` prints for a file: all that is known of it, and none of the event's own fields. */
function row(event: Done): object {
  return Object.fromEntries(Object.entries(event).filter(([field]) => field !== 'kind' && field !== 'name'))
}

/** `SSE-KMS, 1.5 KiB, 0.20 s`. */
export function manner({ mode, bytes, seconds }: Done): string {
  return `${modeName(mode)}, ${size(bytes)}, ${duration(seconds)}`
}
