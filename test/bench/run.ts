/** The benchmark; `npm run bench -- --help` tells its options. Prints tables of medians with ratios side by side. */
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { contestant, type Size } from './contestants.ts'
import { runListing } from './listing.ts'
import { folderLoad, largeLoad, MIB } from './loads.ts'
import { machineTable } from './machine.ts'
import { runMemory } from './memory-table.ts'
import { readOptions, type TransferOptions } from './options.ts'
import { writePage, type Section } from './page.ts'
import { runPipeline } from './pipeline.ts'
import { readingText, WINDOW } from './reading.ts'
import { startServer, type BenchServer, type Line, type ServerName } from './servers.ts'
import { isMet, targetTable, type Target } from './targets.ts'
import { costTable, transferTable, transferTargets } from './transfer-report.ts'
import { runTransfers, type Load, type Result } from './transfers.ts'
import { runWindow } from './window.ts'

const args = process.argv.slice(2)
const options = readOptions(args)
const { rounds } = options
const started = performance.now()
const isLate = (): boolean => performance.now() - started > options.limit
const say = (text: string): void => {
  process.stderr.write(`${((performance.now() - started) / 1000).toFixed(0).padStart(5)} s  ${text}\n`)
}

const targets: Target[] = []
const sections: Section[] = []
const folder = await mkdtemp(join(options.dir, 'coffer-bench-'))
// Every person's home, and with it what This computer stores, goes there too.
process.env['TMPDIR'] = folder
try {
  sections.push({ title: 'The machine', text: await machineTable() })
  if (options.tables.includes('e')) await pipeline()
  for (const each of options.transfers) await onServer(each)
} finally {
  await rm(folder, { recursive: true, force: true })
}
const late = isLate()
if (targets.length > 0) console.log(`\n${targetTable(targets)}`)
if (late) console.log('\nThe time was up before every round was run.')
if (options.write) await writePage(intro(), [{ title: 'Targets', text: targetTable(targets) }, ...sections])
if (options.check && (late || !targets.every(isMet))) process.exitCode = 1

function tell(title: string, text: string): void {
  sections.push({ title, text })
  console.log(`\n## ${title}\n\n${text}`)
}

async function pipeline(): Promise<void> {
  say('the crypto pipeline')
  const { table, targets: reached } = await runPipeline(rounds)
  tell('The crypto pipeline alone', `MiB a second of one core's time.\n\n${table}`)
  targets.push(...reached)
}

async function onServer(transfers: TransferOptions): Promise<void> {
  const isSink = transfers.server === 'sink'
  const wanted = (letters: string): boolean => options.tables.some((letter) => letters.includes(letter))
  if (isSink && wanted('df')) {
    // The window and its catalog are measured, not the line.
    await reached(transfers.server, { tls: false, rtt: 0 }, async (server) => {
      if (wanted('d')) await listing(server)
      if (wanted('f')) await window(server)
    })
  }
  if (!wanted(isSink ? 'ac' : 'a')) return
  await reached(transfers.server, options.line, async (server) => {
    if (isSink && wanted('c')) await memory(server)
    if (wanted('a')) await transfer(server, transfers)
  })
}

async function reached(name: ServerName, line: Line, work: (server: BenchServer) => Promise<void>): Promise<void> {
  const server = await startServer(name, line)
  try {
    await work(server)
  } finally {
    await server.stop()
  }
}

async function listing(server: BenchServer): Promise<void> {
  const { tables, targets: reached } = await runListing({ server, rounds, folder, say })
  tell('Listing and searching 100,000 objects', tables.join('\n\n'))
  targets.push(...reached)
}

async function window(server: BenchServer): Promise<void> {
  // One round of frames says nothing: other programs take some, too.
  const { table, targets: reached } = await runWindow({ server, rounds: Math.max(rounds, 5), say })
  tell('The window', `${WINDOW}\n\n${table}`)
  targets.push(...reached)
}

async function memory(server: BenchServer): Promise<void> {
  const contestants = ['plain', 'cse-c', 'aws', 'rclone-crypt-tuned'].map(contestant)
  const plan = { server, contestants, sizes: options.memorySizes, rounds: Math.min(rounds, 3), folder, say }
  const { table, targets: reached } = await runMemory(plan)
  tell('Peak memory', `Resident at most, of the whole process tree, by size of the file.\n\n${table}`)
  targets.push(...reached)
}

async function transfer(
  server: BenchServer,
  { contestants, rounds: times, ...amount }: TransferOptions,
): Promise<void> {
  const all: Result[] = []
  for (const size of options.sizes) {
    if (isLate()) break
    const load = await loadOf(size, amount)
    const able = contestants.filter(
      ({ needsTls, sizes }) => sizes.includes(size) && (!needsTls || server.caFile !== undefined),
    )
    const { everyone } = options
    const results = await runTransfers({
      server,
      load,
      contestants: able,
      everyone,
      rounds: times,
      folder,
      say,
      isLate,
    })
    await rm(load.path, { recursive: true })
    const what =
      size === 'large'
        ? `One file of ${load.bytes / MIB} MiB`
        : `${load.files} files of ${load.bytes / load.files / 1024} KiB`
    const text = (['up', 'down'] as const).map(
      (direction) => `${titled(direction)}\n\n${transferTable(results, direction)}`,
    )
    const made = results[0]?.runs.length ?? 0
    tell(`${what}, ${onWhat(server.name)}`, [`Medians of ${made} rounds.`, ...text].join('\n\n'))
    all.push(...results)
    // Another server is itself part of what is measured.
    if (server.name === 'sink') targets.push(...transferTargets(results))
  }
  if (all.length === 0) return
  tell(`What encryption costs, ${onWhat(server.name)}`, `Throughput as a share of plain.\n\n${costTable(all)}`)
}

function titled(direction: 'up' | 'down'): string {
  return direction === 'up' ? 'Up:' : 'Down:'
}

function onWhat(server: ServerName): string {
  if (server !== 'sink') return `against ${server}`
  const { tls, rtt } = options.line
  return `against the sink over ${tls ? 'TLS' : 'plain HTTP'}${rtt > 0 ? `, with a round trip of ${rtt} ms` : ''}`
}

function loadOf(
  size: Size,
  { large, mediumFiles, files }: { large: number; mediumFiles: number; files: number },
): Promise<Load> {
  return size === 'large' ? largeLoad(folder, large) : folderLoad(folder, size, size === 'small' ? files : mediumFiles)
}

/** How the page was made. */
function intro(): string {
  const minutes = ((performance.now() - started) / 60_000).toFixed(0)
  const typed = options.everyone.filter((each) =>
    options.transfers.some(({ contestants }) => contestants.includes(each)),
  )
  const command = ['npm run bench --', ...args].join(' ')
  return `\`${command}\` made this page in ${minutes} minutes.\n\n${readingText(typed)}`
}
