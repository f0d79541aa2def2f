import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { build } from 'vite'
import { succeed } from '../support/run.ts'
import { rcloneEnv } from './contestants.ts'
import { measure, median, type Command, type Cost } from './measure.ts'
import type { BenchServer } from './servers.ts'
import { generatedNames, LISTED_BUCKET, NAMES } from './sink/listing.ts'
import { markdownTable, mebibytes, ratio, seconds } from './table.ts'
import type { Target } from './targets.ts'

/** Words to look for: few names have the first, a thousand the second, none the third. */
const WORDS = ['IMG_0123', '2020/05', 'no such name']

/** Calls of one search; grep is run as often. */
const CALLS = 20

export const CATALOG_PROGRAM = resolve('.cache/bench/catalog-program.js')

export interface ListingPlan {
  server: BenchServer
  rounds: number
  folder: string
  say: (text: string) => void
}

/** Lists a bucket of 100,000 objects, and searches it. */
export async function runListing(plan: ListingPlan): Promise<{ tables: string[]; targets: Target[] }> {
  await bundleCatalogProgram()
  const listing = await list(plan)
  const search = await searchAll(plan)
  return { tables: [listing.table, search.table], targets: [...listing.targets, ...search.targets] }
}

/** Bundled as dist/ is, so that its start-up is that of Coffer's own programs. */
export async function bundleCatalogProgram(): Promise<void> {
  await build({
    configFile: false,
    logLevel: 'error',
    build: { ssr: 'test/bench/catalog-program.ts', target: 'node24', outDir: '.cache/bench', minify: false },
    ssr: { noExternal: true, external: ['keytar'] },
  })
}

function program(server: BenchServer, home: string, args: string[]): Command {
  const env = { ...server.person.env, AWS_CA_BUNDLE: undefined, COFFER_HOME: home }
  return { program: process.execPath, args: [CATALOG_PROGRAM, ...args], env }
}

async function list({ server, rounds, folder, say }: ListingPlan): Promise<{ table: string; targets: Target[] }> {
  const home = join(folder, 'catalog-home')
  const { endpoint } = server
  const refresh = program(server, home, ['refresh', endpoint, LISTED_BUCKET])
  const where = ['--endpoint-url', endpoint, '--region', 'us-east-1']
  const rclone = (flags: string[]): Command => ({
    program: 'rclone',
    args: ['lsf', '-R', ...flags, `box:${LISTED_BUCKET}`],
    env: rcloneEnv(server),
  })
  const commands: Record<string, Command> = {
    'Coffer, into an empty catalog': refresh,
    'Coffer, into a catalog that has it': refresh,
    'coffer ls --recursive': {
      ...program(server, home, []),
      args: [resolve('dist/cli.js'), 'ls', '--recursive', `s3://${LISTED_BUCKET}/`, ...where],
    },
    'rclone lsf -R': rclone([]),
    'rclone lsf -R --fast-list': rclone(['--fast-list']),
  }
  const costs = new Map<string, Cost[]>(Object.keys(commands).map((name) => [name, []]))
  // The first round is the warm-up: the sink renders its pages in it.
  for (let round = 0; round <= rounds; round++) {
    say(`listing, round ${round} of ${rounds}`)
    await rm(home, { recursive: true, force: true })
    await mkdir(home, { mode: 0o700 })
    for (const [name, command] of Object.entries(commands)) {
      const cost = await measure(command, folder)
      await checkListed(join(folder, 'output'), name)
      if (round > 0) costs.get(name)?.push(cost)
    }
  }
  const of = (name: string, field: keyof Cost): number => median((costs.get(name) ?? []).map((cost) => cost[field]))
  const theirs = of('rclone lsf -R', 'seconds')
  const fresh = of('Coffer, into an empty catalog', 'seconds')
  const table = markdownTable(
    ['', 'time', '/ rclone lsf -R', 'CPU s', 'peak'],
    Object.keys(commands).map((name) => [
      name,
      seconds(of(name, 'seconds')),
      ratio(theirs / of(name, 'seconds')),
      of(name, 'cpu').toFixed(2),
      mebibytes(of(name, 'peak')),
    ]),
  )
  const what = `${NAMES.toLocaleString('en')} objects listed into the catalog, against rclone lsf -R`
  return { table, targets: [{ what, value: theirs / fresh, bound: { least: 1 } }] }
}

/** A listing that misses some is fast and no listing: all names have to be there, or their number. */
async function checkListed(output: string, name: string): Promise<void> {
  const text = await readFile(output, 'utf8')
  const listed = /^\{"listed":(\d+)\}$/m.exec(text)?.[1]
  const count = listed === undefined ? (text.match(/\.jpg$/gm) ?? []).length : Number(listed)
  if (count !== NAMES) throw new Error(`${name} listed ${count} objects of ${NAMES}`)
}

/** The catalog is the one that the last round of `list` left. */
async function searchAll({ server, folder, say }: ListingPlan): Promise<{ table: string; targets: Target[] }> {
  const file = join(folder, 'names.txt')
  await writeFile(file, `${generatedNames().join('\n')}\n`)
  const rows: string[][] = []
  const targets: Target[] = []
  for (const word of WORDS) {
    say(`searching for ${word}`)
    const ours = await searchTimes(server, folder, word)
    const theirs = await grepTime(file, word)
    const warm = median(ours.times.slice(1))
    rows.push([
      `\`${word}\``,
      String(ours.found),
      milliseconds(ours.times[0] ?? NaN),
      milliseconds(warm),
      milliseconds(theirs),
      ratio(theirs / warm),
    ])
    targets.push({ what: `Search for ${word}, against grep -F`, value: theirs / warm, bound: { least: 1 } })
  }
  const header = ['looked for', 'found', 'Coffer, first time', 'Coffer, again', 'grep -F -c', '/ grep']
  return { table: markdownTable(header, rows), targets }
}

async function searchTimes(
  server: BenchServer,
  folder: string,
  word: string,
): Promise<{ times: number[]; found: number }> {
  const {
    program: node,
    args,
    env,
  } = program(server, join(folder, 'catalog-home'), [
    ...['search', server.endpoint, LISTED_BUCKET],
    ...[String(CALLS + 1), word],
  ])
  return JSON.parse(await succeed(node, args, { env })) as { times: number[]; found: number }
}

/** Milliseconds of one grep, its start included; started by a shell, which costs it least. `-c`, or it stops at /dev/null. */
async function grepTime(file: string, word: string): Promise<number> {
  const loop = `for i in $(seq ${CALLS}); do grep -F -c -- "$2" "$1"; done >/dev/null; true`
  const started = performance.now()
  await succeed('sh', ['-c', loop, 'sh', file, word])
  return (performance.now() - started) / CALLS
}

function milliseconds(value: number): string {
  return `${value.toFixed(1)} ms`
}
