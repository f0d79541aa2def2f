import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { exitCode, isCofferError } from '../base/errors.ts'
import type { CofferError } from '../base/errors.ts'
import manifest from '../../package.json' with { type: 'json' }
import { addActivity } from './activity.ts'
import { addBucket } from './bucket.ts'
import { traceOf } from '../base/crash.ts'
import { addDatabase } from './database.ts'
import { foreseenFailure } from '../base/own-error.ts'
import { endCalmly } from './crash.ts'
import { addGet } from './get.ts'
import { addInspect } from './inspect.ts'
import { addKey } from './key.ts'
import { addKms } from './kms.ts'
import { addLs } from './ls.ts'
import { createOutput } from './output.ts'
import { addOpen } from './open.ts'
import { addPlace } from './place.ts'
import { addPrincipal } from './principal.ts'
import { addPut } from './put.ts'
import { addRekey } from './rekey.ts'
import { addRm } from './rm.ts'
import { addTransfers } from './transfers.ts'
import { addUndelete } from './undelete.ts'
import { addUp } from './up.ts'
import { addVerify } from './verify.ts'
import { EXIT_HELP, MODES_HELP } from './words.ts'

const BEGIN_HELP = `
To begin, on this computer and with nothing to set up:
  coffer put letter.pdf s3://private/ --mode sse-s3     a file goes in
  coffer ls s3://private/                               it is there
  coffer inspect s3://private/letter.pdf                how its key is kept
  coffer get s3://private/letter.pdf copy.pdf           it comes back

In a window, in the browser:
  coffer open

With a key of your own, that only you have:
  coffer key new mine
  coffer key kit mine mine.kit
  coffer put letter.pdf s3://private/ --mode cse-c --key mine

In AWS, or on any server that speaks S3: as with the AWS CLI
  coffer ls --profile work
  coffer ls --endpoint-url https://s3.example.com --region eu-central-1
`

/** The whole command line. Making it loads nothing of Coffer but the words of its help. */
/** The current folder is no answer to a variable that is not set. */
function parseHome(folder: string): string {
  if (folder !== '') return folder
  throw new InvalidArgumentError('It is empty: a variable in the command may not be set.')
}

export function createProgram(): Command {
  const program = new Command('coffer')
    .description('A file vault for S3: files go in under the encryption you choose, and come back.')
    .version(manifest.version, '-V, --version', 'print the version')
    .option('--json', 'print JSON, one document a line, and nothing else')
    .option('--place <name>', 'where: a stored place (coffer place list); This computer unless told')
    .option('--endpoint-url <url>', 'where: a server that speaks S3')
    .option('--kms-endpoint-url <url>', 'where its KMS is')
    .option('--region <region>', 'its region')
    .option('--profile <name>', 'credentials: a profile of the AWS CLI')
    .option('--ca-bundle <file>', 'trust the certificate authority in this PEM file')
    .addOption(
      new Option('--request-payer <who>', 'you pay for what you ask of a Requester Pays bucket').choices(['requester']),
    )
    .option('--proxy <url>', 'a proxy for this server; none: whatever HTTPS_PROXY says, no proxy')
    .option('--expected-bucket-owner <account>', 'the AWS account that the bucket has to belong to')
    .option('--home <folder>', "the folder with Coffer's own state (env: COFFER_HOME)", parseHome)
    .showSuggestionAfterError()
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({ outputError: () => undefined })
    .exitOverride()
    .addHelpText('after', BEGIN_HELP + MODES_HELP + EXIT_HELP)

  addOpen(program)
  addUp(program)
  addPut(program)
  addGet(program)
  addLs(program)
  addInspect(program)
  addVerify(program)
  addRekey(program)
  addRm(program)
  addUndelete(program)
  addBucket(program)
  addKey(program)
  addKms(program)
  addPlace(program)
  addPrincipal(program)
  addTransfers(program)
  addActivity(program)
  addDatabase(program)
  return program
}

/** Runs one command line and ends the process with its exit code. */
export async function run(argv: string[]): Promise<void> {
  // A reader that has seen enough (`| head`) is no failure.
  process.stdout.on('error', () => process.exit())
  endCalmly(argv.includes('--json'))
  const program = createProgram()
  try {
    if (argv.length <= 2) program.outputHelp()
    else await program.parseAsync(argv)
  } catch (error) {
    if (error instanceof CommanderError) usageFailed(error, argv.includes('--json'))
    else await failed(error, argv.includes('--json'))
  }
  // Kept-alive connections would hold the process for a while; what was written must be out before it ends.
  process.stdout.write('', () => process.exit())
}

/** Commander throws for help and version too, and has printed a group's help when its command is missing. */
function usageFailed(error: CommanderError, json: boolean): void {
  if (error.exitCode === 0) return
  process.exitCode = exitCode('INVALID_INPUT')
  if (error.code === 'commander.help' && !json) return
  const message =
    error.code === 'commander.help' ? 'Which command?' : error.message.replace(/^error: /, '').replaceAll('\n', ' ')
  createOutput(json).failure({
    code: 'INVALID_INPUT',
    message,
    hint: 'See coffer --help, or coffer COMMAND --help.',
  })
}

async function failed(error: unknown, json: boolean): Promise<void> {
  const failure = await asCofferError(foreseenFailure(error) ?? error)
  createOutput(json).failure(failure)
  if (process.env.COFFER_DEBUG) process.stderr.write(traceOf(failure))
  process.exitCode = exitCode(failure.code)
}

async function asCofferError(error: unknown): Promise<CofferError> {
  if (isCofferError(error)) return error
  return (await import('../api/failures.ts')).asCofferError(error)
}
