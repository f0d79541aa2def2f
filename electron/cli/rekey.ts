import type { Command } from 'commander'
import { CofferError } from '../base/errors.ts'
import type { ModeChoice } from '../base/mode-names.ts'
import { ask } from './ask.ts'
import { withKey } from './kit-question.ts'
import { addWriteFlags, concurrencyOption, instructionSuffixOption, modeOption, writeOptions } from './options.ts'
import type { WriteFlags } from './options.ts'
import { tellRuns } from './rekey-status.ts'
import { withCoffer } from './session.ts'
import type { Session } from './session.ts'
import { parseTarget, showTarget } from './target.ts'
import type { Target } from './target.ts'
import { follow, manner } from './transfer.ts'
import { EXIT_HELP, MODES_HELP } from './words.ts'

interface RekeyFlags extends WriteFlags {
  mode?: ModeChoice
  under?: string
  fromKey?: string
  allowLegacy?: boolean
  acceptUnsealed?: boolean
  instructionSuffix?: string
  purgeOldVersions?: boolean
  yes?: boolean
  /** False: `--no-kit`. */
  kit?: boolean
  status?: boolean
  concurrency?: number
}

const EXAMPLES = `
Each object is read back under its new key before its old content goes. A re-key that was stopped or cut off goes on
when the same command is given again: what is done already is known by its mode and key.

In a bucket that keeps versions, the older ones stay under their old keys; --purge-old-versions deletes them for good.

Examples
  coffer rekey s3://private/letter.pdf --mode cse-c --key mine
  coffer rekey s3://private/photos/ --mode sse-kms --key alias/photos
  coffer rekey s3://private --under old --mode cse-c --key new     what is under one key in a bucket
  coffer rekey --under old --mode cse-c --key new                  everything that Coffer knows under it
  coffer rekey --status
`

export function addRekey(program: Command): void {
  const command = program
    .command('rekey')
    .summary('change the mode or the key of what is there')
    .description('Encrypts an object anew, or everything below a key that ends with /, under another mode or key.')
    .argument('[source]', 's3://BUCKET/KEY, or s3://BUCKET/FOLDER/ for all of it')
    .addOption(modeOption('the new mode'))
    .option('--under <key>', 'only what is under this key now (yours, or a KMS key)')
    .option('--from-key <key>', 'your key that it has now, if it is not found by itself')
    .option('--allow-legacy', 'accept old formats that cannot prove that nobody changed them')
    .option('--accept-unsealed', 'accept objects that were encrypted here before, and now are not')
    .addOption(instructionSuffixOption())
    .option('--purge-old-versions', 'delete older versions that are not under the new key, for good')
    .option('--yes', 'do not ask whether they may be deleted')
    .option('--no-kit', 'use a key that has no recovery kit')
    .option('--status', 'show what was re-keyed, what is still to do, and what failed')
    .addOption(concurrencyOption())
    .addHelpText('after', MODES_HELP + EXAMPLES + EXIT_HELP)
  addWriteFlags(command).action(async (source: string | undefined, flags: RekeyFlags) => {
    if (flags.status === true) return withCoffer(command, tellRuns)
    const { mode } = flags
    if (mode === undefined) return command.error('error: which mode? name it with --mode')
    if (source === undefined && flags.under === undefined) {
      command.error('error: what is to be re-keyed? name s3://BUCKET/KEY, or a key with --under')
    }
    const target = source === undefined ? {} : parseTarget(source)
    await withCoffer(command, (session) => rekey(session, target, { ...flags, mode }))
  })
}

async function rekey(
  session: Session,
  target: Partial<Target>,
  flags: RekeyFlags & { mode: ModeChoice },
): Promise<void> {
  if (flags.purgeOldVersions === true && flags.yes !== true) await askToPurge(session)
  const request = {
    place: session.place,
    ...target,
    under: flags.under,
    mode: flags.mode,
    from: {
      key: flags.fromKey,
      allowLegacy: flags.allowLegacy,
      acceptUnsealed: flags.acceptUnsealed,
      instructionSuffix: flags.instructionSuffix,
    },
    to: writeOptions(flags),
    purgeOldVersions: flags.purgeOldVersions === true,
    concurrency: flags.concurrency,
  }
  await withKey(session, flags, async (acceptNoKit) =>
    follow(session, await session.client.objects.rekey({ ...request, acceptNoKit }, { signal: session.signal }), {
      verb: 're-keyed',
      line: (done) => `${showTarget(done)} re-keyed  (${manner(done)})`,
    }),
  )
}

async function askToPurge({ out, signal }: Session): Promise<void> {
  if (!out.interactive || !process.stdin.isTTY) {
    throw new CofferError('INVALID_INPUT', 'Older versions would be deleted for good.', {
      hint: 'If you mean it, say so: --purge-old-versions --yes.',
    })
  }
  const answer = await ask('Older versions that are not under the new key are deleted for good. Type yes: ', signal)
  if (answer.trim() !== 'yes') throw new CofferError('CANCELLED', 'Nothing was deleted and nothing re-keyed.')
}
