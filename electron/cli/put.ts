import { relative } from 'node:path'
import type { Command } from 'commander'
import type { ModeChoice } from '../base/mode-names.ts'
import { remindOfComputerKit } from './computer-kit.ts'
import { withKey } from './kit-question.ts'
import { addWriteFlags, concurrencyOption, limitRateOption, modeOption, writeOptions } from './options.ts'
import type { WriteFlags } from './options.ts'
import { withCoffer } from './session.ts'
import { parseTarget, showTarget } from './target.ts'
import { follow, manner } from './transfer.ts'
import { EXIT_HELP, MODES_HELP } from './words.ts'

export interface PutFlags extends WriteFlags {
  mode?: ModeChoice
  overwrite?: boolean
  followLinks?: boolean
  /** False: `--no-kit`. */
  kit?: boolean
  concurrency?: number
  limitRate?: number
}

const EXAMPLES = `
Where it goes
  One file to s3://BUCKET/KEY becomes exactly that object. To s3://BUCKET/FOLDER/ it keeps its name.
  A folder keeps its name and its structure; an empty one becomes an empty object whose key ends with /.
  A symbolic link that you name is followed. Inside a folder links are left out, and the exit code says so.

Examples
  coffer put letter.pdf s3://private/2026/letter.pdf --mode sse-s3
  coffer put photos s3://private/ --mode sse-kms --key alias/photos
  coffer put photos s3://private/ --mode cse-kms --key alias/photos --context album=spring
  coffer put a.txt b.txt s3://private/texts/ --mode cse-c --key mine
`

export function addPut(program: Command): void {
  const command = program
    .command('put')
    .summary('files and folders go in')
    .description('Puts files and folders into a bucket under the mode you name.')
    .argument('<paths...>', 'files and folders, then s3://BUCKET/KEY or s3://BUCKET/FOLDER/')
    .usage('[options] PATH... s3://BUCKET/KEY')
    .addOption(modeOption("whose key, and where encrypted (see below); the bucket's usual mode unless told"))
    .option('--overwrite', 'replace objects that are there already')
    .option('--follow-links', 'follow symbolic links inside folders, too')
    .option('--no-kit', 'use a key that has no recovery kit')
    .addOption(concurrencyOption())
    .addOption(limitRateOption())
    .addHelpText('after', MODES_HELP + EXAMPLES + EXIT_HELP)
  addWriteFlags(command).action((words: string[], flags: PutFlags) => put(command, words, flags))
}

async function put(command: Command, words: string[], flags: PutFlags): Promise<void> {
  if (words.length < 2) command.error('error: nothing to put: give files or folders, then s3://BUCKET/KEY')
  const request = putRequest(words, flags)
  await withCoffer(command, async (session) => {
    const { client, place, signal } = session
    await withKey(session, flags, async (acceptNoKit) =>
      follow(session, await client.objects.put({ place, ...request, acceptNoKit }, { signal }), {
        verb: 'put',
        line: (done) => `${shortPath(done.name)} -> ${showTarget(done)}  (${manner(done)})`,
      }),
    )
    await remindOfComputerKit(session)
  })
}

/** What is asked of the contract, but for the place. */
export function putRequest(words: string[], flags: PutFlags) {
  return {
    ...parseTarget(words.at(-1) ?? ''),
    paths: words.slice(0, -1),
    mode: flags.mode,
    options: writeOptions(flags),
    overwrite: flags.overwrite === true ? ('replace' as const) : ('refuse' as const),
    followLinks: flags.followLinks,
    concurrency: flags.concurrency,
    limitRate: flags.limitRate,
  }
}

/** From here, where that is shorter. */
function shortPath(path: string): string {
  const fromHere = relative(process.cwd(), path)
  return fromHere.length < path.length ? fromHere : path
}
