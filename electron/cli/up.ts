import { once } from 'node:events'
import type { Command } from 'commander'
import { CofferError } from '../base/errors.ts'
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
  coffer up --json          one line {s3Endpoint, kmsEndpoint, region, accessKeyId, secretAccessKey}
`

interface UpFlags extends GlobalOptions {
  data?: string
  port: number
}

export function addUp(program: Command): void {
  const command = program
    .command('up')
    .summary('run This computer: S3 and KMS in a folder of yours')
    .description('Runs This computer, an S3 and a KMS of your own, until Ctrl-C, and says how other tools reach it.')
    .option('--data <folder>', 'where its data is, from now on')
    .option('--port <number>', 'its port on 127.0.0.1; any free one unless told', wholeNumber(0, 65535), 0)
    .addHelpText('after', EXAMPLES + EXIT_HELP)
    .action(() => up(command.optsWithGlobals<UpFlags>()))
}

async function up(flags: UpFlags): Promise<void> {
  await openHere(flags, async ({ localCloud }, out, signal) => {
    const server = await localCloud.run({ dataDir: flags.data, port: flags.port })
    tell(out, server)
    tellOfData(out, server)
    const stopped = signal.aborted ? Promise.resolve() : once(signal, 'abort')
    await Promise.race([stopped, server.ended])
    if (!signal.aborted) throw new CofferError('LOCAL_SERVER', "This computer's server ended by itself.")
    await server.stop()
    out.note('Stopped.')
  })
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
  for (const { code, message } of notices) out.note(message, { code })
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
