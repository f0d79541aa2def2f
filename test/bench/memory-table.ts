import { open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Contestant } from './contestants.ts'
import { MIB } from './loads.ts'
import { measure, median, type Cost } from './measure.ts'
import { removeBelow, type BenchServer } from './servers.ts'
import { markdownTable, mebibytes } from './table.ts'
import type { Target } from './targets.ts'
import type { Direction, Load } from './transfers.ts'

/** No transfer of Coffer's may hold more than this, whatever it moves. */
export const MEMORY_BOUND = 300 * MIB

export interface MemoryPlan {
  server: BenchServer
  contestants: Contestant[]
  /** Bytes of each file; the last two are compared. */
  sizes: number[]
  rounds: number
  folder: string
  say: (text: string) => void
}

/** Most memory that a client holds while it moves files of several sizes, up and down. */
export async function runMemory(plan: MemoryPlan): Promise<{ table: string; targets: Target[] }> {
  const { contestants, sizes, rounds } = plan
  const peaks = new Map<string, number[]>()
  for (const bytes of sizes) {
    const load = await holeyFile(plan.folder, bytes)
    for (const contestant of contestants) {
      // The largest takes so long that one run of it has to do: of a flat line, no median is needed.
      const runs = bytes === Math.max(...sizes) ? 1 : rounds
      for (let round = 0; round < runs; round++) await upAndDown(plan, contestant, load, peaks)
    }
    await rm(load.path)
  }
  const peak = (id: string, direction: Direction, bytes: number): number =>
    median(peaks.get(nameOf(id, direction, bytes)) ?? [])
  const rows = contestants.flatMap(({ id, name }) =>
    (['up', 'down'] as const).map((direction) => [
      `${name}, ${direction}`,
      ...sizes.map((bytes) => mebibytes(peak(id, direction, bytes))),
    ]),
  )
  const targets = contestants
    .filter(({ tool }) => tool === 'coffer')
    .flatMap(({ id, name }) => (['up', 'down'] as const).flatMap((direction) => targetsOf(id, name, direction)))

  function targetsOf(id: string, name: string, direction: Direction): Target[] {
    const [before = 0, largest = 0] = sizes.slice(-2)
    const [small, large] = [peak(id, direction, before), peak(id, direction, largest)]
    const what = `${name}, ${mebibytes(largest)} ${direction}: memory`
    return [
      { what: `${what} against that of ${mebibytes(before)}`, value: large / small, bound: { most: 1.1 } },
      { what, value: large / MIB, unit: 'MiB', bound: { most: MEMORY_BOUND / MIB } },
    ]
  }
  return { table: markdownTable(['', ...sizes.map(mebibytes)], rows), targets }
}

async function upAndDown(
  { server, folder, say }: MemoryPlan,
  contestant: Contestant,
  load: Load,
  peaks: Map<string, number[]>,
): Promise<void> {
  const { id, sealed, name } = contestant
  const bucket = sealed ? server.buckets.keep : server.buckets.drop
  const where = { bucket, key: `memory/${id}/large` }
  const back = join(folder, 'back')
  const note = (direction: Direction, { peak }: Cost): void => {
    const row = nameOf(id, direction, load.bytes)
    peaks.set(row, [...(peaks.get(row) ?? []), peak])
  }
  say(`memory: ${name}, ${mebibytes(load.bytes)}`)
  try {
    note('up', await measure(contestant.up(server, 'large', load.path, where), folder))
    note('down', await measure(contestant.down(server, 'large', where, back), folder))
  } finally {
    await removeBelow(server, bucket, `memory/${id}/`)
    await rm(back, { force: true })
  }
}

function nameOf(id: string, direction: Direction, bytes: number): string {
  return `${id} ${direction} ${bytes}`
}

/** A file that is all hole: what is in it does not matter here, and it takes no room. */
async function holeyFile(folder: string, bytes: number): Promise<Load> {
  const path = join(folder, 'holey')
  const file = await open(path, 'w')
  await file.truncate(bytes)
  await file.close()
  return { size: 'large', path, bytes, files: 1 }
}
