import { mkdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { filesBelow } from '../support/files.ts'
import type { Contestant, Size, Where } from './contestants.ts'
import { measure, median, type Cost } from './measure.ts'
import { removeBelow, type BenchServer } from './servers.ts'

/** What is moved in one run. */
export interface Load {
  size: Size
  /** The file, or the folder. */
  path: string
  bytes: number
  files: number
}

export type Direction = 'up' | 'down'

/** One contestant's medians in one direction. */
export interface Result {
  contestant: Contestant
  direction: Direction
  load: Load
  cost: Cost
  runs: Cost[]
}

export interface Plan {
  server: BenchServer
  load: Load
  contestants: Contestant[]
  rounds: number
  /** Where files come back to: a file system that is not what is measured. */
  folder: string
  say: (text: string) => void
}

/**
 * Moves the load up and down, `rounds` times by everyone. All take their turn in each round, so that what changes on the
 * machine meanwhile hits all alike. A first run of each direction is not counted; what it puts up is what is brought down.
 */
export async function runTransfers(plan: Plan): Promise<Result[]> {
  const { contestants, rounds, say, load, server } = plan
  const runs = new Map<string, Cost[]>()
  for (const contestant of contestants) {
    say(`${server.name}, ${load.size}: ${contestant.name}, warm-up`)
    await moveUp(plan, contestant, store(plan, contestant))
    await moveDown(plan, contestant)
  }
  for (let round = 1; round <= rounds; round++) {
    for (const contestant of contestants) {
      say(`${server.name}, ${load.size}: ${contestant.name}, round ${round} of ${rounds}`)
      const where = { bucket: bucketFor(plan, false), key: keyFor(plan, `up/${round}/${contestant.id}`) }
      const up = await moveUp(plan, contestant, where)
      await removeBelow(server, where.bucket, `up/${round}/${contestant.id}/`)
      const down = await moveDown(plan, contestant)
      remember(runs, `${contestant.id} up`, up)
      remember(runs, `${contestant.id} down`, down)
    }
  }
  for (const contestant of contestants)
    await removeBelow(server, store(plan, contestant).bucket, storedBelow(contestant))
  return (['up', 'down'] as const).flatMap((direction) =>
    contestants.map((contestant) => {
      const all = runs.get(`${contestant.id} ${direction}`) ?? []
      return { contestant, direction, load, cost: medians(all), runs: all }
    }),
  )
}

function remember(runs: Map<string, Cost[]>, name: string, cost: Cost): void {
  runs.set(name, [...(runs.get(name) ?? []), cost])
}

function medians(runs: Cost[]): Cost {
  const of = (field: keyof Cost): number => median(runs.map((run) => run[field]))
  return { seconds: of('seconds'), cpu: of('cpu'), peak: of('peak') }
}

/** Where a contestant's own objects are that it brings down. */
function store(plan: Plan, contestant: Contestant): Where {
  return { bucket: bucketFor(plan, contestant.sealed), key: keyFor(plan, storedBelow(contestant).slice(0, -1)) }
}

function storedBelow({ id }: Contestant): string {
  return `stored/${id}/`
}

function bucketFor({ server }: Plan, keep: boolean): string {
  return keep ? server.buckets.keep : server.buckets.drop
}

function keyFor({ load }: Plan, below: string): string {
  return load.size === 'large' ? `${below}/large` : `${below}/`
}

function moveUp({ server, load, folder }: Plan, contestant: Contestant, where: Where): Promise<Cost> {
  return measure(contestant.up(server, load.size, load.path, where), folder)
}

/** Brings a contestant's object back, looks whether all is there, and removes it again. */
async function moveDown(plan: Plan, contestant: Contestant): Promise<Cost> {
  const { server, load, folder } = plan
  const back = join(folder, 'back')
  await mkdir(back)
  const to = load.size === 'large' ? join(back, 'large') : back
  try {
    const cost = await measure(contestant.down(server, load.size, store(plan, contestant), to), folder)
    await checkArrived(load, to, contestant)
    return cost
  } finally {
    await rm(back, { recursive: true })
  }
}

async function checkArrived(load: Load, path: string, { name }: Contestant): Promise<void> {
  if (load.size === 'large') {
    const { size } = await stat(path)
    if (size !== load.bytes) throw new Error(`${name} brought back ${size} bytes of ${load.bytes}`)
    return
  }
  const { length } = await filesBelow(path)
  if (length !== load.files) throw new Error(`${name} brought back ${length} files of ${load.files}`)
}
