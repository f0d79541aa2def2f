import type { Command } from 'commander'
import { CofferError } from '../base/errors.ts'
import { instructionSuffixOption } from './options.ts'
import { table } from './output.ts'
import { withCoffer } from './session.ts'
import type { Session } from './session.ts'
import { parseTarget } from './target.ts'
import type { Target } from './target.ts'
import { count, EXIT_HELP, modeName, moment, size } from './words.ts'

const EXAMPLES = `
The mode is shown where Coffer knows it already; listing never asks for each object. coffer inspect asks.

Examples
  coffer ls                         the buckets
  coffer ls s3://private/           what is in one
  coffer ls s3://private/photos/ --recursive
  coffer ls s3://private/ --search beach 2024
  coffer ls s3://private/ --removed what was removed from there, and coffer undelete brings back
`

export function addLs(program: Command): void {
  const command = program
    .command('ls')
    .summary('what is there')
    .description('Lists the buckets, or what is in a bucket or below a key.')
    .argument('[target]', 's3://BUCKET or s3://BUCKET/FOLDER/')
    .option('-r, --recursive', 'everything below, not only the next level')
    .option(
      '-s, --search <words...>',
      'only objects, at any depth, whose keys hold all of the words, in any case; no instruction files',
    )
    .option('--removed', 'only what was removed from there and can be brought back, where the bucket keeps versions')
    .option(
      '--instruction-files',
      'show instruction files too: they hold the wrapped keys of the objects they belong to',
    )
    .addOption(instructionSuffixOption())
    .addHelpText('after', EXAMPLES + EXIT_HELP)
    .action(async (target: string | undefined, options: Options) => {
      const { search, removed = false } = options
      const asked = target === undefined ? null : parseTarget(target)
      refuseMixed(options, asked)
      await withCoffer(command, (session) => {
        if (asked === null) return listBuckets(session)
        if (removed) return listRemoved(session, asked)
        return search === undefined ? listObjects(session, asked, options) : searchObjects(session, asked, search)
      })
    })
}

interface Options {
  recursive?: boolean
  search?: string[]
  removed?: boolean
  instructionFiles?: boolean
  instructionSuffix?: string
}

function refuseMixed({ recursive, search, removed, instructionFiles }: Options, asked: Target | null): void {
  if (search !== undefined && instructionFiles === true) {
    throw new CofferError('INVALID_INPUT', 'A search finds objects, not the instruction files that belong to them.', {
      hint: 'List them: --recursive --instruction-files.',
    })
  }
  if (asked === null && (search !== undefined || removed === true)) {
    throw new CofferError('INVALID_INPUT', 'This needs a bucket.', { hint: 'Name it: coffer ls s3://BUCKET/ ….' })
  }
  if (removed === true && (recursive === true || search !== undefined)) {
    throw new CofferError('INVALID_INPUT', 'What was removed is listed for one folder at a time.', {
      hint: 'Leave out --recursive and --search.',
    })
  }
}

type Known = Awaited<ReturnType<Session['client']['buckets']['known']>>[number]

/** `1204 objects, 3.2 GiB, as of 2026-04-01 09:30`. */
export function knownWords({ objects, bytes, complete, listedAt }: Known): string {
  const least = complete ? '' : 'at least '
  const asOf = listedAt === undefined ? '' : `, as of ${moment(listedAt)}`
  return `${least}${count(objects, 'object')}, ${size(bytes)}${asOf}`
}

/** Also the answer of `coffer bucket list`. How much is in them is told where it is known; nothing is listed for it. */
export async function listBuckets({ client, place, out, signal }: Session): Promise<void> {
  const buckets = await client.buckets.list({ place }, { signal })
  const known = new Map((await client.buckets.known({ place }, { signal })).map((each) => [each.name, each]))
  const rows = buckets.map(({ name, createdAt }) => {
    const all = known.get(name)
    const since = createdAt === undefined ? ''.padEnd(16) : moment(createdAt)
    return [since, `s3://${name}`, all === undefined ? '' : knownWords(all)]
  })
  const lines = table(['', '', ''], rows)
  buckets.forEach((bucket, index) => out.result({ ...bucket, known: known.get(bucket.name) }, lines[index + 1] ?? ''))
  if (buckets.length === 0) out.note('No buckets yet. Put a file into one and it is made: coffer put FILE s3://NAME/')
}

async function listObjects(session: Session, { bucket, key }: Target, options: Options): Promise<void> {
  const { client, place, out, signal } = session
  const { recursive = false, instructionFiles = false, instructionSuffix } = options
  let [seen, hidden] = [0, 0]
  const request = { place, bucket, key, recursive, instructionSuffix }
  for await (const page of await client.objects.list(request, { signal })) {
    seen += page.length
    const shown = page.filter((entry) => instructionFiles || entry.isInstructionFile !== true)
    hidden += page.length - shown.length
    show(session, shown)
  }
  if (seen === 0) out.note('Nothing there.')
  if (hidden === 0) return
  const files = `${count(hidden, 'instruction file')} of these objects`
  out.note(`Not shown: ${files}. To see them: --instruction-files.`, { instructionFiles: hidden })
}

/** Folders are told apart from those that still hold files by a listing of this one. */
async function listRemoved(session: Session, { bucket, key }: Target): Promise<void> {
  const { client, place, out, signal } = session
  const prefix = key === '' || key.endsWith('/') ? key : `${key}/`
  for await (const { objects } of await client.objects.refresh({ place, bucket, prefix }, { signal })) {
    out.status(`${objects} objects listed`)
  }
  out.status('')
  let seen = 0
  for await (const page of await client.objects.removed({ place, bucket, prefix }, { signal })) {
    seen += page.length
    const rows = page.map((entry) => cells({ ...entry, lastModified: entry.removedAt }))
    const lines = table(['', '', '', ''], rows)
    page.forEach((entry, index) => out.result(entry, lines[index + 1] ?? ''))
  }
  if (seen === 0) out.note('Nothing that could be brought back.')
}

const MOST_FOUND = 1000

/** Lists anew, so that what is found is there and what is there is found. */
async function searchObjects(session: Session, { bucket, key: prefix }: Target, words: string[]): Promise<void> {
  const { client, place, out, signal } = session
  for await (const { objects } of await client.objects.refresh(
    { place, bucket, prefix, recursive: true },
    { signal },
  )) {
    out.status(`${objects} objects listed`)
  }
  out.status('')
  const query = { place, bucket, prefix, words, limit: MOST_FOUND }
  const { entries, total, searched } = await client.objects.search(query, { signal })
  show(session, entries)
  if (total === 0) out.note(`None of ${searched} objects.`)
  if (total > entries.length) out.note(`The first ${entries.length} of ${total}; more words find fewer.`)
}

type Entry = Awaited<ReturnType<Session['client']['objects']['search']>>['entries'][number]

function show({ out }: Session, entries: Entry[]): void {
  const lines = table(['', '', '', ''], entries.map(cells))
  entries.forEach((entry, index) => out.result(entry, lines[index + 1] ?? ''))
}

function cells(entry: Entry): string[] {
  if (entry.kind === 'folder') return [''.padEnd(16), '', '', entry.key]
  return [
    entry.lastModified === undefined ? '' : moment(entry.lastModified),
    size(entry.size).padStart(9),
    (entry.mode === undefined ? '' : modeName(entry.mode)).padEnd(8),
    entry.key,
  ]
}
