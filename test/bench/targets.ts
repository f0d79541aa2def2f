import { markdownTable } from './table.ts'

/** A ratio that was set as a goal, and what was measured. */
export interface Target {
  what: string
  value: number
  /** How the value is written; a ratio unless told. */
  unit?: 'ratio' | 'MiB' | 'kB' | 'frames'
  bound: { least: number } | { most: number }
}

export function isMet({ value, bound }: Target): boolean {
  return 'least' in bound ? value >= bound.least : value <= bound.most
}

/** Targets beside what was measured. */
export function targetTable(targets: Target[]): string {
  return markdownTable(
    ['Target', 'wanted', 'measured', ''],
    targets.map((target) => {
      const { what, value, bound, unit = 'ratio' } = target
      const write = (number: number): string => (unit === 'ratio' ? number.toFixed(2) : `${number.toFixed(0)} ${unit}`)
      const wanted = 'least' in bound ? `≥ ${write(bound.least)}` : `≤ ${write(bound.most)}`
      return [what, wanted, write(value), isMet(target) ? 'met' : '**missed**']
    }),
  )
}
