import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { TABLE_FOLDER, type Row } from './rows.ts'

/** Called by vitest around a whole run: forgets the rows of the run before, and prints those of this one. */
export function setup(): void {
  rmSync(TABLE_FOLDER, { recursive: true, force: true })
}

export function teardown(): void {
  const rows = readRows()
  if (rows.length === 0) return
  const sum = (count: (row: Row) => number): number => rows.reduce((total, row) => total + count(row), 0)
  const total: Row = {
    group: 'all of it',
    tried: sum((row) => row.tried),
    refused: sum((row) => row.refused),
    harmless: sum((row) => row.harmless),
    unprovable: sum((row) => row.unprovable),
    letThrough: sum((row) => row.letThrough),
  }
  const heads = ['What was tampered with', 'tried', 'refused', 'harmless', 'unprovable', 'let through']
  const lines = [heads, ...[...rows, total].map((row) => Object.values(row).map(String))]
  const widths = heads.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)))
  const shown = lines.map((line) =>
    line
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  '),
  )
  console.log(`\n${shown.join('\n')}
harmless: the content came bit for bit; what was changed protects nothing.
unprovable: AES-CBC, read only with --allow-legacy, for which nothing can be proven.\n`)
}

function readRows(): Row[] {
  try {
    return readdirSync(TABLE_FOLDER)
      .sort()
      .flatMap((name) => JSON.parse(readFileSync(join(TABLE_FOLDER, name), 'utf8')) as Row[])
  } catch {
    return []
  }
}
