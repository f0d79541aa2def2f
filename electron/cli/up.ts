import { once } from 'node:events'
import type { Command } from 'commander'
import { CofferError } from '../base/errors.ts'
import { keyFile, NEW_KEYCHAIN, openKit, type RestoreFlags } from './kit.ts'
import { wholeNumber } from './options.ts'
import type { Output } from './output.ts'
import { openHere } from './session.ts'
import type { GlobalOptions } from './session.ts'
import { EXIT_HELP } from './words.ts'

const EXAMPLES = `
Commands that need This computer start it by themselves and let it end when it is idle; coffer up is for other tools, and
to say where its data is.

Examples
  coffer up
  coffer up --data /media/disk/vault --port 9000
  coffer up --data /media/backup/vault --kit computer.kit     a copy of the folder, on any computer
  coffer up --json          one line {s3Endpoint, kmsEndpoint, region, accessKeyId, secretAccessKey}
`

const NO_KIT = `
Its root key is in this system's keychain alone: without a recovery kit, losing that loses the data.
Save one: coffer key kit --computer FILE`

interface UpFlags extends GlobalOptions, RestoreFlags {
  data?: string
  port: number
  kit?: string
  rebuild?: boolean
}

export function addUp(program: Command): void {
  const command = program
    .command('up')
    .summary('run This computer: S3 and KMS in a folder of yours')
    .description('Runs This computer, an S3 and a KMS of your own, until Ctrl-C, and says how other tools reach it.')
    .option('--data <folder>', 'where its data is, from now on')
    .option('--kit <file>', 'the recovery kit that opens the folder of --data; its keys are taken in, too')
    .option(
      '--passphrase-file <file>',
      "the kit's passphrase is this file's first line (or COFFER_KIT_PASSPHRASE_FILE)",
    )
    .option('--plain', 'take a kit that age has decrypted, too')
    .option('--new-keychain', NEW_KEYCHAIN)
    .option('--port <number>', 'its port on 127.0.0.1; any free one unless told', wholeNumber(0, 65535), 0)
    .option('--rebuild', 'make the index anew from the stored objects, and bring back what it does not know')
    .addHelpText('after', EXAMPLES + EXIT_HELP)
    .action(() => {
      const flags = command.optsWithGlobals<UpFlags>()
      if (flags.kit !== undefined && flags.data === undefined) {
        command.error('error: --kit opens a data folder: name it with --data')
      }
      return up(flags)
    })
}

async function up(flags: UpFlags): Promise<void> {
  await openHere(flags, async (coffer, out, signal) => {
    const { localCloud } = coffer
    if (flags.kit !== undefined) {
      const { createInProcessClient } = await import('../api/router.ts')
      const session = { client: createInProcessClient(coffer), out: notesOf(out), signal }
      await openKit(session, await keyFile(flags.kit, signal), flags, flags.data)
    }
    const server = await localCloud.run({ dataDir: flags.data, port: flags.port, rebuild: flags.rebuild })
    tell(out, server)
    tellOfData(out, server)
    if (localCloud.kits.status()?.savedAt == null) out.note(NO_KIT)
    const stopped = signal.aborted ? Promise.resolve() : once(signal, 'abort')
    await Promise.race([stopped, server.ended])
    if (!signal.aborted) throw new CofferError('LOCAL_SERVER', "This computer's server ended by itself.")
    await server.stop()
    out.note('Stopped.')
  })
}

/** Standard output is for how to reach the server. */
function notesOf(out: Output): Output {
  return { ...out, result: (_, text) => [text].flat().forEach((line) => out.note(line)) }
}

interface Server {
  endpoint: string
  region: string
  credentials: { accessKeyId: string; secretAccessKey: string }
  dataDir: string
  previousDataDir: string | undefined
  notices: { code: string; message: string }[]
}

/** What the server found about the data, and where the data was before. */
function tellOfData(out: Output, { dataDir, previousDataDir, notices }: Server): void {
  for (const { code, message } of notices) out.note(message, { code, message })
  if (previousDataDir === undefined) return
  out.note(
    `From now on This computer's data is in ${dataDir}. What you stored before is still in ${previousDataDir}; to use it ` +
      `again: coffer up --data ${previousDataDir}`,
    { dataDir, previousDataDir },
  )
}

/** The secret is shown because this is the command by which the person asks for it. */
function tell(out: Output, { endpoint, region, credentials, dataDir }: Server): void {
  const { accessKeyId, secretAccessKey } = credentials
  out.result({ s3Endpoint: endpoint, kmsEndpoint: endpoint, region, accessKeyId, secretAccessKey }, [
    `This computer is up at ${endpoint}, with its data in ${dataDir}.`,
    '',
    'For the AWS CLI, SDKs and other tools, in another terminal:',
    `  export AWS_ENDPOINT_URL=${endpoint}`,
    `  export AWS_REGION=${region}`,
    `  export AWS_ACCESS_KEY_ID=${accessKeyId}`,
    `  export AWS_SECRET_ACCESS_KEY=${secretAccessKey}`,
    '  aws s3 mb s3://private',
    '  aws s3 cp letter.pdf s3://private/ --sse aws:kms',
    '',
    'Ctrl-C stops it.',
  ])
}
