import type { Command } from 'commander'
import type { CofferClient } from '../api/client.ts'
import { CofferError } from '../base/errors.ts'
import { wholeNumber } from './options.ts'
import { listing } from './output.ts'
import { progressText } from './progress.ts'
import { withCoffer } from './session.ts'
import type { Session } from './session.ts'
import { showTarget } from './target.ts'
import { count, modeName, moment, size } from './words.ts'

type Watched = Awaited<ReturnType<CofferClient['transfers']['watch']>>
type Run = (Watched extends AsyncIterable<infer Event> ? Event : never)['runs'][number]

const EXAMPLES = `
A put or get that was cut off goes on when its command is given again, or here.

Examples
  coffer transfers                 what is under way, stopped or done
  coffer transfers resume          goes on with all that is stopped, and stays until it is done
  coffer transfers resume 3        the same for one
  coffer transfers cancel 3        stops it, wherever it runs, and leaves nothing behind
  coffer transfers clean-up        removes what interrupted transfers left in buckets and on disks
`

export function addTransfers(program: Command): void {
  const command = program
    .command('transfers')
    .description('Shows transfers, and goes on with those that were cut off.')
    .addHelpText('after', EXAMPLES)
  command
    .command('list', { isDefault: true })
    .description('what is under way, stopped or done')
    .action(() => withCoffer(command, list))
  command
    .command('resume')
    .argument('[id]', 'its number', number)
    .description('goes on with one, or with all that are stopped, until they are done')
    .action((id?: number) => withCoffer(command, (session) => resume(session, id)))
  command
    .command('pause')
    .argument('<id>', 'its number', number)
    .description('stops one that runs in another window or process; it can go on later')
    .action((id: number) => withCoffer(command, ({ client }) => client.transfers.pause({ run: id })))
  command
    .command('cancel')
    .argument('<id>', 'its number', number)
    .description('stops one and leaves nothing behind')
    .action((id: number) => withCoffer(command, ({ client }) => client.transfers.cancel({ run: id })))
  command
    .command('clear')
    .argument('[id]', 'its number', number)
    .description('forgets one that has ended, or all')
    .action((id?: number) => withCoffer(command, ({ client }) => client.transfers.clear({ run: id })))
  command
    .command('clean-up')
    .description('removes what interrupted transfers left, and no transfer will go on with')
    .option('--dry-run', 'only say what it is')
    .action((flags: { dryRun?: boolean }) => withCoffer(command, (session) => cleanUp(session, flags.dryRun === true)))
}

const number = wholeNumber(1, Number.MAX_SAFE_INTEGER)

async function list(session: Session): Promise<void> {
  const columns = {
    ID: ({ id }: Run) => String(id),
    BEGUN: ({ startedAt }: Run) => moment(startedAt),
    STATE: ({ state, error }: Run) => (error === undefined ? state : `${state} (${error.code})`),
    DONE: ({ finished, found }: Run) => `${finished.files} of ${count(found.files, 'file')}`,
    FAILED: ({ failed }: Run) => String(failed.files),
    SIZE: ({ found }: Run) => size(found.bytes),
    MODE: ({ mode }: Run) => (mode === undefined ? '' : modeName(mode)),
    WHAT: whatOf,
  }
  const runs = await runsNow(session)
  listing(session.out, runs, columns, 'There are no transfers.')
  if (runs.some(({ state }) => state === 'stopped')) {
    session.out.note('To go on with what is stopped: coffer transfers resume.')
  }
}

function whatOf({ kind, bucket, key, sources, sourceCount, to }: Run): string {
  if (kind === 'get') return `${showTarget({ bucket, key })} -> ${to ?? ''}`
  const more = sourceCount > 1 ? ` and ${sourceCount - 1} more` : ''
  return `${sources[0] ?? ''}${more} -> ${showTarget({ bucket, key })}`
}

async function runsNow({ client, signal }: Session): Promise<Run[]> {
  for await (const { runs } of await client.transfers.watch({}, { signal })) return runs
  return []
}

/** Takes them over and stays with them. Ctrl-C stops them where they are: they can go on later. */
async function resume(session: Session, id: number | undefined): Promise<void> {
  const { client, out, signal, fail } = session
  const asked = (await runsNow(session)).filter((run) => (id === undefined ? run.state === 'stopped' : run.id === id))
  if (id !== undefined && asked.length === 0) throw new CofferError('INVALID_INPUT', `There is no transfer ${id}.`)
  for (const run of asked) await client.transfers.resume({ run: run.id })
  const left = new Set(asked.map((run) => run.id))
  if (left.size === 0) {
    out.note('Nothing is stopped.')
    return
  }
  for await (const { runs } of await client.transfers.watch({}, { signal })) {
    for (const run of runs.filter((each) => left.has(each.id))) {
      out.status(statusOf(run))
      if (run.state !== 'finished' && run.state !== 'cancelled' && run.state !== 'paused') continue
      left.delete(run.id)
      await tellEnd(session, run)
    }
    if (left.size === 0) return
  }
  fail(new CofferError('PAUSED', 'Stopped.', { hint: 'To go on: coffer transfers resume.' }))
}

function statusOf({ finished, found, bytesDone, speed, state, error }: Run): string {
  if (state === 'waiting' && error !== undefined) return `Waiting: ${error.message}`
  const { files, bytes } = found
  return progressText({ finishedFiles: finished.files, files, done: bytesDone, bytes, rate: speed })
}

async function tellEnd({ client, out, fail, signal }: Session, run: Run): Promise<void> {
  const { id, state, bucket, finished, failed, conflicts } = run
  if (state === 'paused' && run.error !== undefined) fail(run.error)
  if (failed.files > 0) {
    const items = await client.transfers.items({ run: id, state: 'failed', limit: 1000 }, { signal })
    for (const { key, error } of items) if (error !== undefined) fail(error, { bucket, key })
  }
  const rest = conflicts.files === 0 ? '' : `, ${conflicts.files} wait for an answer`
  out.result(
    { id, state, done: finished.files, failed: failed.files, conflicts: conflicts.files },
    `${whatOf(run)}  (${state}: ${count(finished.files, 'file')}, ${size(finished.bytes)}${rest})`,
  )
}

async function cleanUp({ client, out, fail }: Session, dryRun: boolean): Promise<void> {
  const left = await client.transfers.leftovers({})
  for (const { kind, bucket, key, path, bytes = 0, startedAt } of left) {
    const what = kind === 'upload' ? `part of ${showTarget({ bucket, key })}` : `the beginning of ${path ?? key}`
    out.result({ kind, bucket, key, path, bytes, startedAt }, `${what}  (${size(bytes)}, ${moment(startedAt)})`)
  }
  if (left.length === 0) out.note('Nothing is left behind.')
  if (dryRun || left.length === 0) return
  const { removed, failures } = await client.transfers.cleanUp({})
  for (const failure of failures) fail(failure)
  out.note(`${count(removed, 'leftover')} removed.`)
}
