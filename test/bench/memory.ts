/**
 * A 2 GiB file goes in and comes back in CSE-C; the command line may hold at most 300 MiB resident while it does.
 * Prints the figures and fails above the bound. Needs a build: npm run bench.
 */
import { createHash } from 'node:crypto'
import { open, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { newPerson } from '../support/coffer.ts'
import type { Person } from '../support/coffer.ts'
import { startComputer } from '../support/computer.ts'
import { fileHash, noise } from '../support/files.ts'

const MIB = 1024 * 1024
const SIZE = 2048 * MIB
const BOUND = 300 * MIB

/** Peak resident bytes of a process so far: VmHWM in proc(5); undefined once it is gone. */
async function peakOf(pid: number): Promise<number | undefined> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
  const kib = /^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]
  return kib === undefined ? undefined : Number(kib) * 1024
}

async function measured(person: Person, args: string[]): Promise<{ seconds: number; peak: number }> {
  const started = performance.now()
  const running = person.start(args, { timeout: 600_000 })
  let peak = 0
  const watch = setInterval(() => {
    void peakOf(running.child.pid ?? 0).then((seen) => (peak = Math.max(peak, seen ?? 0)))
  }, 20)
  const ended = await running.ended
  clearInterval(watch)
  if (ended.code !== 0) throw new Error(`coffer ${args.join(' ')} ended with ${ended.code}:\n${ended.stderr}`)
  return { seconds: (performance.now() - started) / 1000, peak }
}

async function makeFile(path: string): Promise<string> {
  const hash = createHash('sha256')
  const file = await open(path, 'w')
  for (let written = 0; written < SIZE; written += 64 * MIB) {
    const chunk = noise(64 * MIB, `memory ${written}`)
    hash.update(chunk)
    await file.write(chunk)
  }
  await file.close()
  return hash.digest('hex')
}

function report(what: string, { seconds, peak }: { seconds: number; peak: number }): boolean {
  const line = [
    what.padEnd(28),
    `${seconds.toFixed(1)} s`.padStart(8),
    `${(SIZE / MIB / seconds).toFixed(0)} MiB/s`.padStart(11),
    `${(peak / MIB).toFixed(0)} MiB resident at most`.padStart(28),
  ]
  console.log(line.join(''))
  return peak <= BOUND
}

const person = await newPerson()
const computer = await startComputer(person)
try {
  const hash = await makeFile(join(person.folder, 'large'))
  await person.done(['key', 'new', 'mine', '--no-kit'])
  const put = await measured(person, ['put', 'large', 's3://bench/large', '--mode', 'cse-c', '--key', 'mine'])
  await rm(join(person.folder, 'large'))
  const get = await measured(person, ['get', 's3://bench/large', 'back'])
  if ((await fileHash(join(person.folder, 'back'))) !== hash) throw new Error('what came back is not what went in')
  const within = [report('put 2 GiB, CSE-C', put), report('get 2 GiB, CSE-C', get)]
  if (within.includes(false)) {
    console.error(`more than ${BOUND / MIB} MiB resident`)
    process.exitCode = 1
  }
} finally {
  await computer.stop()
  await person.remove()
}
