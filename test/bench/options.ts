import { parseArgs } from 'node:util'
import { contestant, CONTESTANTS, type Contestant, type Size } from './contestants.ts'
import type { ServerName } from './servers.ts'

/** The tables by letter. */
const TABLES = ['a', 'c', 'd', 'e', 'f'] as const
export type TableLetter = (typeof TABLES)[number]

/** Transfers on one server. */
export interface TransferOptions {
  server: ServerName
  /** Bytes of the large file. */
  large: number
  /** How many small files. */
  files: number
  contestants: Contestant[]
  rounds: number
}

export interface Options {
  tables: TableLetter[]
  sizes: Size[]
  transfers: TransferOptions[]
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
  --size SIZE         large (one file), small (4 KiB each) or both
  --server NAMES      of table a: sink, computer, moto; comma separated
  --contestants IDS   of table a, comma separated: ${CONTESTANTS.map(({ id }) => id).join(', ')}
  --large MIB         size of the large file
  --files COUNT       how many small files
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
  sink: { large: 1024 * MIB, files: 10_000, rounds: 5, ids: null },
  'This computer': {
    large: 1024 * MIB,
    files: 1_000,
    rounds: 5,
    ids: ['plain', 'sse-s3', 'sse-kms', 'sse-c', 'cse-kms', 'cse-c', 'aws', 'rclone-tuned', 'rclone-crypt-tuned'],
  },
  moto: { large: 64 * MIB, files: 100, rounds: 5, ids: ['plain', 'cse-c', 'aws', 'rclone-tuned'] },
}
const QUICK = {
  large: 256 * MIB,
  files: 500,
  rounds: 1,
  ids: ['plain', 'cse-kms', 'cse-c', 'aws', 'rclone-tuned', 'rclone-crypt-tuned'],
}

/** Reads the command line. Prints the help and ends where it is asked for; throws for what it does not know. */
export function readOptions(args: string[]): Options {
  const { values } = parseArgs({
    args,
    options: {
      only: { type: 'string' },
      size: { type: 'string', default: 'both' },
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
  const transfers = names.map((name): TransferOptions => {
    const server = SERVERS[name]
    if (server === undefined) throw new Error(`--server takes ${Object.keys(SERVERS).join(', ')}`)
    const usual = { ...FULL[server], ...(quick ? QUICK : {}) }
    return {
      server,
      large: (number(values.large) ?? usual.large / MIB) * MIB,
      files: number(values.files) ?? usual.files,
      rounds: number(values.rounds) ?? usual.rounds,
      contestants: contestantsOf(values.contestants?.split(',') ?? usual.ids),
    }
  })
  return {
    tables: TABLES.filter((letter) => values.only?.includes(letter) ?? true),
    sizes: values.size === 'both' ? ['large', 'small'] : [values.size === 'small' ? 'small' : 'large'],
    transfers,
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
