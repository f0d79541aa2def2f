import { mkdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { filesBelow } from '../support/files.ts'
import { isFolder, type Contestant, type Size, type Where } from './contestants.ts'
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
  /** Those who do not run themselves put up what others bring down. */
  everyone: readonly Contestant[]
  rounds: number
  /** True once no further round may begin. */
  isLate: () => boolean
  /** Where files come back to: a file system that is not what is measured. */
  folder: string
  say: (text: string) => void
}

/**
 * Moves the load up and down, `rounds` times by everyone. All take their turn in each round, so that what changes on the
 * machine meanwhile hits all alike. Before, everyone who has objects of their own puts them up and brings them down once:
 * that is not counted. What is plain to others is brought down as Coffer put it up.
 */
export async function runTransfers(plan: Plan): Promise<Result[]> {
  const { contestants, everyone, rounds, say, load, server, isLate } = plan
  const runs = new Map<string, Cost[]>()
  const owners = everyone.filter(({ id }) => contestants.some((each) => storeOf(each) === id))
  for (const contestant of owners) {
    say(`${server.name}, ${load.size}: ${contestant.name}, not counted`)
    await moveUp(plan, contestant, ownStore(plan, contestant))
    await moveDown(plan, contestant)
  }
  for (let round = 1; round <= rounds && !isLate(); round++) {
    say(`${server.name}, ${load.size}: round ${round} of ${rounds}`)
    for (const contestant of contestants) {
      const where = { bucket: server.buckets.drop, key: keyFor(plan, `up/${round}/${contestant.id}`) }
      const up = await moveUp(plan, contestant, where)
      await removeBelow(server, where.bucket, `up/${round}/${contestant.id}/`)
      const down = await moveDown(plan, contestant)
      remember(runs, `${contestant.id} up`, up)
      remember(runs, `${contestant.id} down`, down)
    }
  }
  for (const owner of owners) await removeBelow(server, ownStore(plan, owner).bucket, storedBelow(owner.id))
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

/** Whose objects a contestant brings down: its own, or those that Coffer put up plain. */
function storeOf({ id, borrows }: Contestant): string {
  return borrows ? 'plain' : id
}

function ownStore(plan: Plan, { id, sealed }: Contestant): Where {
  const { drop, keep } = plan.server.buckets
  return { bucket: sealed ? keep : drop, key: keyFor(plan, storedBelow(id).slice(0, -1)) }
}

function storedBelow(id: string): string {
  return `stored/${id}/`
}

function keyFor({ load }: Plan, below: string): string {
  return isFolder(load.size) ? `${below}/` : `${below}/large`
}

function moveUp({ server, load, folder }: Plan, contestant: Contestant, where: Where): Promise<Cost> {
  return measure(contestant.up(server, load.size, load.path, where), folder)
}

/** Brings a contestant's object back, looks whether all is there, and removes it again. */
async function moveDown(plan: Plan, contestant: Contestant): Promise<Cost> {
  const { server, load, folder } = plan
  const back = join(folder, 'back')
  await mkdir(back)
  const to = isFolder(load.size) ? back : join(back, 'large')
  const where = ownStore(plan, { ...contestant, id: storeOf(contestant) })
  try {
    const cost = await measure(contestant.down(server, load.size, where, to), folder)
    await checkArrived(load, to, contestant)
    return cost
  } finally {
    await rm(back, { recursive: true })
  }
}

async function checkArrived(load: Load, path: string, { name }: Contestant): Promise<void> {
  if (!isFolder(load.size)) {
    const { size } = await stat(path)
    if (size !== load.bytes) throw new Error(`${name} brought back ${size} bytes of ${load.bytes}`)
    return
  }
  const { length } = await filesBelow(path)
  if (length !== load.files) throw new Error(`${name} brought back ${length} files of ${load.files}`)
}
