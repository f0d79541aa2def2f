import type { Client } from './clients.ts'
import type { Format, KeyringKind } from './driver.ts'
import { FORMATS, KEYRINGS } from './matrix.ts'

export type Direction = 'Coffer reads' | 'reads Coffer'

export interface Cell {
  client: Client
  format: Format
  keyring: KeyringKind
  direction: Direction
  server: string
}

/** The matrix as it is filled in. */
export interface Table {
  /** One object more in a cell, passed or not; `what` tells of a failure. */
  count(cell: Cell, passed: boolean, what: string): void
  /** A whole cell that cannot be. */
  unsupported(cell: Cell, why: string): void
  /** A line below the table. */
  note(text: string): void
  /** Every failure so far whose cell has all of these. */
  failures(of: Partial<Cell>): string[]
  text(clients: Client[], servers: string[]): string
}

const DIRECTIONS: Direction[] = ['Coffer reads', 'reads Coffer']

export function newTable(): Table {
  const counts = new Map<string, { passed: number; tried: number }>()
  const reasons = new Map<string, string>()
  const notes: string[] = []
  const failed: { cell: Cell; what: string }[] = []

  const shown = (cell: Cell): string => {
    const why = reasons.get(nameOf(cell))
    if (why !== undefined) return `(${String.fromCharCode(97 + footnotes().indexOf(why))})`
    const count = counts.get(nameOf(cell))
    if (count === undefined) return 'skipped'
    return count.passed === count.tried ? String(count.passed) : `${count.passed} of ${count.tried}`
  }
  const footnotes = (): string[] => [...new Set(reasons.values())]

  return {
    count(cell, passed, what) {
      const { passed: before, tried } = counts.get(nameOf(cell)) ?? { passed: 0, tried: 0 }
      counts.set(nameOf(cell), { passed: before + (passed ? 1 : 0), tried: tried + 1 })
      if (!passed) failed.push({ cell, what: `${nameOf(cell)}: ${what}` })
    },
    unsupported: (cell, why) => void reasons.set(nameOf(cell), why),
    note: (text) => void notes.push(text),
    failures: (of) => failed.filter(({ cell }) => matches(cell, of)).map(({ what }) => what),
    text(clients, servers) {
      const columns = servers.flatMap((server) => DIRECTIONS.map((direction) => ({ server, direction })))
      const head = ['objects passed', ...columns.map(({ server, direction }) => `${server}: ${direction}`)]
      const rows = clients.flatMap((client) =>
        FORMATS.flatMap((format) =>
          KEYRINGS.map((keyring) => [
            `${client.name} ${format} ${keyring}`,
            ...columns.map((column) => shown({ client, format, keyring, ...column })),
          ]),
        ),
      )
      const marks = footnotes().map((why, index) => `(${String.fromCharCode(97 + index)}) ${why}`)
      return [...aligned([head, ...rows]), ...marks, ...notes].join('\n')
    },
  }
}

function nameOf({ client, format, keyring, direction, server }: Cell): string {
  return `${client.name} ${format} ${keyring}, ${direction}, ${server}`
}

function matches(cell: Cell, of: Partial<Cell>): boolean {
  return (Object.keys(of) as (keyof Cell)[]).every((name) => cell[name] === of[name])
}

function aligned(rows: string[][]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows.map((row) =>
    row
      .map((text, column) => (column === 0 ? text.padEnd(widths[0] ?? 0) : text.padStart(widths[column] ?? 0)))
      .join('  '),
  )
}
