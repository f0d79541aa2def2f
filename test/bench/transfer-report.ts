import { isFolder, type Size } from './contestants.ts'
import { markdownTable, mebibytes, ratio, seconds } from './table.ts'
import type { Target } from './targets.ts'
import type { Direction, Result } from './transfers.ts'

const GIB = 1024 ** 3

/** The table of one load in one direction; ratios are of throughput, more is better. */
export function transferTable(results: Result[], direction: Direction): string {
  const rows = results.filter((result) => result.direction === direction)
  const load = rows[0]?.load
  const small = load !== undefined && isFolder(load.size)
  return markdownTable(
    [
      '',
      'time',
      small ? 'files/s' : 'MiB/s',
      '/ own plain',
      '/ AWS CLI',
      '/ s5cmd',
      '/ rclone',
      '/ rclone crypt',
      cpuHead(small),
      'peak',
    ],
    rows.map((result) => [
      result.contestant.name,
      seconds(result.cost.seconds),
      rate(result).toFixed(0),
      ratio(versus(rows, result, ['plain'])),
      ratio(versus(rows, result, ['aws'])),
      ratio(versus(rows, result, ['s5cmd'])),
      ratio(versus(rows, result, ['rclone', 'rclone-tuned'])),
      ratio(versus(rows, result, ['rclone-crypt', 'rclone-crypt-tuned'])),
      cpuCell(result),
      mebibytes(result.cost.peak),
    ]),
  )
}

function cpuHead(small: boolean): string {
  return small ? 'CPU s / 10,000 files' : 'CPU s / GiB'
}

function cpuCell({ load, cost }: Result): string {
  const units = isFolder(load.size) ? load.files / 10_000 : load.bytes / GIB
  return (cost.cpu / units).toFixed(2)
}

/** MiB/s of a large file, files/s of small ones. */
function rate({ load, cost }: Result): number {
  return (isFolder(load.size) ? load.files : load.bytes / 1024 / 1024) / cost.seconds
}

/** How many times as fast as the fastest of these; NaN if none of them ran. */
function versus(rows: Result[], { cost }: Result, ids: string[]): number {
  const theirs = rows.filter(({ contestant }) => ids.includes(contestant.id)).map((other) => other.cost.seconds)
  return theirs.length === 0 ? NaN : Math.min(...theirs) / cost.seconds
}

const WHAT: Record<Size, string> = { large: 'large file', medium: 'files of 100 KiB', small: 'small files' }

const CRYPT = ['rclone-crypt', 'rclone-crypt-tuned']

/** What the results say of the targets; one whose contestants did not run is left out. */
export function transferTargets(results: Result[]): Target[] {
  const targets: Target[] = []
  for (const result of results) {
    const { contestant, direction, load } = result
    if (contestant.id !== 'cse-c' && contestant.id !== 'cse-kms') continue
    const rows = results.filter((other) => other.direction === direction && other.load === load)
    const what = `${contestant.name}, ${WHAT[load.size]} ${direction}, against `
    const add = (whom: string, ids: string[], least: number): void => {
      const value = versus(rows, result, ids)
      if (!Number.isNaN(value)) targets.push({ what: what + whom, value, bound: { least } })
    }
    if (load.size === 'large') {
      add('its own plain', ['plain'], 0.9)
      add('rclone crypt', CRYPT, direction === 'up' ? 1.2 : 1.5)
      add('s5cmd plain', ['s5cmd'], 1)
      add('AWS CLI plain', ['aws'], 1.5)
    } else {
      add('rclone crypt', CRYPT, direction === 'up' ? 1.5 : 1.2)
      if (direction === 'up') add('s5cmd plain', ['s5cmd'], 1)
      add('AWS CLI plain', ['aws'], 5)
    }
  }
  return targets
}

/** The cost of encryption: each mode's throughput as a share of Coffer's own plain one, on one server. */
export function costTable(results: Result[]): string {
  const columns = LOADS.filter(({ size, direction }) => at(results, 'plain', size, direction) !== undefined)
  const modes = [...new Set(results.map(({ contestant }) => contestant))].filter(({ tool }) => tool === 'coffer')
  return markdownTable(
    ['', ...columns.map(({ name }) => name)],
    modes.map(({ id, name }) => [
      name,
      ...columns.map(({ size, direction }) => {
        const [mode, plain] = [at(results, id, size, direction), at(results, 'plain', size, direction)]
        return ratio((plain?.cost.seconds ?? NaN) / (mode?.cost.seconds ?? NaN))
      }),
    ]),
  )
}

const LOADS = [
  { name: 'large file up', size: 'large', direction: 'up' },
  { name: 'large file down', size: 'large', direction: 'down' },
  { name: '100 KiB up', size: 'medium', direction: 'up' },
  { name: '100 KiB down', size: 'medium', direction: 'down' },
  { name: 'small files up', size: 'small', direction: 'up' },
  { name: 'small files down', size: 'small', direction: 'down' },
] as const

function at(results: Result[], id: string, size: string, direction: Direction): Result | undefined {
  return results.find((each) => each.contestant.id === id && each.load.size === size && each.direction === direction)
}
