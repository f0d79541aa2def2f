/**
 * The benchmark: `npm run bench -- --help` tells its options. Prints tables of medians with ratios side by side.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { CONTESTANTS, type Size } from './contestants.ts'
import { largeLoad, MIB, smallLoad } from './loads.ts'
import { startServer, type ServerName } from './servers.ts'
import { isMet, targetTable, type Target } from './targets.ts'
import { runTransfers, type Load } from './transfers.ts'
import { transferTable, transferTargets } from './transfer-report.ts'

const HELP = `npm run bench -- [options]

  --only LETTERS      tables to make: a transfers and the cost of encryption (all of them unless told)
  --size SIZE         large (one file), small (4 KiB each) or both
  --server NAMES      sink, computer, moto; comma separated
  --contestants IDS   of table a, comma separated: ${CONTESTANTS.map(({ id }) => id).join(', ')}
  --large MIB         size of the large file (1024)
  --files COUNT       how many small files (10000)
  --rounds COUNT      runs of everyone that count (5)
  --quick             128 MiB, 1000 files, 3 rounds, the sink alone
  --dir FOLDER        where the files are (/dev/shm)
  --check             exit code 1 if a target is missed
`

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: 'a' },
    size: { type: 'string', default: 'both' },
    server: { type: 'string' },
    contestants: { type: 'string' },
    large: { type: 'string' },
    files: { type: 'string' },
    rounds: { type: 'string' },
    quick: { type: 'boolean', default: false },
    dir: { type: 'string', default: '/dev/shm' },
    check: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
if (values.help) {
  console.log(HELP)
  process.exit(0)
}

const SERVERS: Record<string, ServerName> = { sink: 'sink', computer: 'This computer', moto: 'moto' }
const rounds = Number(values.rounds ?? (values.quick ? 3 : 5))
const sizes: Size[] = values.size === 'both' ? ['large', 'small'] : [values.size as Size]
const servers = (values.server ?? (values.quick ? 'sink' : 'sink,computer')).split(',').map((name) => SERVERS[name])
const QUICK = 'plain,sse-c,cse-kms,cse-c,aws,rclone-tuned,rclone-crypt-tuned'
const chosen = (values.contestants ?? (values.quick ? QUICK : undefined))?.split(',')
const contestants = CONTESTANTS.filter(({ id }) => chosen?.includes(id) ?? true)
const say = (text: string): void => void process.stderr.write(`${text}\n`)

const folder = await mkdtemp(join(values.dir, 'coffer-bench-'))
// Every person's home, and with it what This computer stores, goes there too.
process.env['TMPDIR'] = folder
const targets: Target[] = []
try {
  for (const name of servers) {
    if (name === undefined) throw new Error(`--server takes ${Object.keys(SERVERS).join(', ')}`)
    targets.push(...(await transfersOn(name)))
  }
} finally {
  await rm(folder, { recursive: true, force: true })
}
console.log(`\n${targetTable(targets)}`)
if (values.check && !targets.every(isMet)) process.exitCode = 1

async function transfersOn(name: ServerName): Promise<Target[]> {
  const server = await startServer(name)
  const reached: Target[] = []
  try {
    for (const size of sizes) {
      const load = await loadOf(size)
      const able = contestants.filter(({ overTls }) => !overTls || server.tls !== undefined)
      const results = await runTransfers({ server, load, contestants: able, rounds, folder, say })
      await rm(load.path, { recursive: true })
      const what = size === 'large' ? `One file of ${load.bytes / MIB} MiB` : `${load.files} files of 4 KiB`
      console.log(`\n${what}, ${name}, up\n\n${transferTable(results, 'up')}`)
      console.log(`\n${what}, ${name}, down\n\n${transferTable(results, 'down')}`)
      // Another server is itself part of what is measured.
      if (name === 'sink') reached.push(...transferTargets(results))
    }
    return reached
  } finally {
    await server.stop()
  }
}

function loadOf(size: Size): Promise<Load> {
  return size === 'large'
    ? largeLoad(folder, Number(values.large ?? (values.quick ? 128 : 1024)) * MIB)
    : smallLoad(folder, Number(values.files ?? (values.quick ? 1_000 : 10_000)))
}
