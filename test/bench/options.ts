import { parseArgs } from 'node:util'
import { contestant, CONTESTANTS, otherBuild, SIZES, type Contestant, type Size } from './contestants.ts'
import type { Line, ServerName } from './servers.ts'

/** The tables by letter. */
const TABLES = ['a', 'c', 'd', 'e', 'f'] as const
export type TableLetter = (typeof TABLES)[number]

/** Transfers on one server. */
export interface TransferOptions {
  server: ServerName
  /** Bytes of the large file. */
  large: number
  /** How many files of 100 KiB, and of 4 KiB. */
  mediumFiles: number
  files: number
  contestants: Contestant[]
  rounds: number
}

export interface Options {
  tables: TableLetter[]
  sizes: Size[]
  transfers: TransferOptions[]
  /** Whoever may be needed to put up what others bring down. */
  everyone: readonly Contestant[]
  /** How contestants reach the sink. */
  line: Line
  /** Bytes of the files whose transfers' memory is looked at. */
  memorySizes: number[]
  rounds: number
  dir: string
  check: boolean
  write: boolean
  /** When no further round may begin, in milliseconds from the start. */
  limit: number
}

const HELP = `npm run bench -- [options]

  --only LETTERS      tables to make, of: a transfers and what encryption costs (b); c memory; d listing and searching;
                      e the crypto pipeline; f the window. All unless told.
  --size SIZES        large (one file), medium (100 KiB each), small (4 KiB each); comma separated. All unless told
  --plain             over plain HTTP; over TLS (--tls) unless told
  --rtt MS            through a line with a round trip of so many milliseconds
  --against DIST      another build of Coffer, by its dist folder, beside this one
  --server NAMES      of table a: sink, computer, moto; comma separated
  --contestants IDS   of table a, comma separated: ${CONTESTANTS.map(({ id }) => id).join(', ')}
  --large MIB         size of the large file
  --files COUNT       how many small files; a fifth as many of 100 KiB
  --rounds COUNT      runs of everyone that count
  --quick             less of everything, in two minutes
  --dir FOLDER        where the files are: a memory file system, or it is the disk that is measured (/dev/shm)
  --check             exit code 1 if a target is missed
  --write             writes docs/performance.md
`

const MIB = 1024 * 1024
const SERVERS: Record<string, ServerName> = { sink: 'sink', computer: 'This computer', moto: 'moto' }

/** How much each server gets: only against the sink is it the client that is measured. */
const FULL: Record<ServerName, Omit<TransferOptions, 'server' | 'contestants'> & { ids: string[] | null }> = {
  sink: { large: 1024 * MIB, mediumFiles: 2_000, files: 10_000, rounds: 5, ids: null },
  'This computer': {
    large: 1024 * MIB,
    mediumFiles: 200,
    files: 1_000,
    rounds: 5,
    ids: ['plain', 'sse-s3', 'sse-kms', 'sse-c', 'cse-kms', 'cse-c', 'aws', 'rclone-tuned', 'rclone-crypt-tuned'],
  },
  moto: { large: 64 * MIB, mediumFiles: 20, files: 100, rounds: 5, ids: ['plain', 'cse-c', 'aws', 'rclone-tuned'] },
}
const QUICK = {
  large: 256 * MIB,
  mediumFiles: 100,
  files: 500,
  rounds: 1,
  ids: ['plain', 'cse-kms', 'cse-c', 's5cmd', 'aws', 'rclone-tuned', 'rclone-crypt-tuned'],
}

/** Reads the command line. Prints the help and ends where it is asked for; throws for what it does not know. */
export function readOptions(args: string[]): Options {
  const { values } = parseArgs({
    args,
    options: {
      only: { type: 'string' },
      size: { type: 'string' },
      tls: { type: 'boolean', default: false },
      plain: { type: 'boolean', default: false },
      rtt: { type: 'string', default: '0' },
      against: { type: 'string' },
      server: { type: 'string' },
      contestants: { type: 'string' },
      large: { type: 'string' },
      files: { type: 'string' },
      rounds: { type: 'string' },
      quick: { type: 'boolean', default: false },
      dir: { type: 'string', default: '/dev/shm' },
      check: { type: 'boolean', default: false },
      write: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  const { quick } = values
  if (values.help) {
    console.log(HELP)
    process.exit(0)
  }
  const number = (text: string | undefined): number | undefined => (text === undefined ? undefined : Number(text))
  const names = (values.server ?? (quick ? 'sink' : 'sink,computer,moto')).split(',')
  if (values.tls && values.plain) throw new Error('--tls or --plain, not both')
  const others = values.against === undefined ? [] : otherBuild(values.against)
  const transfers = names.map((name): TransferOptions => {
    const server = SERVERS[name]
    if (server === undefined) throw new Error(`--server takes ${Object.keys(SERVERS).join(', ')}`)
    const usual = { ...FULL[server], ...(quick ? QUICK : {}) }
    return {
      server,
      large: (number(values.large) ?? usual.large / MIB) * MIB,
      mediumFiles: values.files === undefined ? usual.mediumFiles : Math.ceil(Number(values.files) / 5),
      files: number(values.files) ?? usual.files,
      rounds: number(values.rounds) ?? usual.rounds,
      contestants: [...contestantsOf(values.contestants?.split(',') ?? usual.ids), ...others],
    }
  })
  return {
    tables: TABLES.filter((letter) => values.only?.includes(letter) ?? true),
    sizes: SIZES.filter((size) => values.size?.split(',').includes(size) ?? true),
    transfers,
    everyone: [...CONTESTANTS, ...others],
    line: { tls: !values.plain, rtt: Number(values.rtt) },
    memorySizes: (quick ? [64, 512] : [64, 1024, 8192]).map((size) => size * MIB),
    rounds: number(values.rounds) ?? (quick ? 1 : 5),
    dir: values.dir,
    check: values.check,
    write: values.write,
    limit: (quick ? 90 : 22 * 60) * 1_000,
  }
}

function contestantsOf(ids: string[] | null): Contestant[] {
  const chosen = ids?.map(contestant) ?? CONTESTANTS
  return CONTESTANTS.filter((each) => chosen.includes(each))
}
