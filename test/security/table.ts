import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { FAILURES, isCofferError, type ErrorCode } from '../../electron/base/errors.ts'
import type { Attempt } from './lab.ts'
import { TABLE_FOLDER, type Row } from './rows.ts'

/** What must become of a case.  */
export interface Expected {
  /** The content that was sealed. */
  plaintext: Buffer
  /** `harmless`: it may also come back, as it was. `unprovable`: it may come back as something else. */
  may?: 'harmless' | 'unprovable' | undefined
  /** Codes outside of exit 5 and 6 that are right here. */
  also?: ErrorCode[]
}

const rows = new Map<string, Row>()

/** Judges one case and counts it; returns what is wrong with it, or null. */
export function judge(
  group: string,
  what: string,
  { errors, content, traces }: Attempt,
  expected: Expected,
): string | null {
  const row = rows.get(group) ?? { group, tried: 0, refused: 0, harmless: 0, unprovable: 0, letThrough: 0 }
  rows.set(group, row)
  row.tried++
  const odd = errors.filter((error) => error !== undefined && !isRefusal(error, expected.also ?? []))
  const wrong = [...traces, ...odd.map((error) => `it failed with ${nameOf(error)}`)]
  if (errors.every((error) => error !== undefined)) {
    if (wrong.length === 0) row.refused++
  } else if (content === undefined || content.equals(expected.plaintext)) {
    if (expected.may === undefined) wrong.push('it was read although it was changed')
    else row.harmless++
  } else if (expected.may === 'unprovable') row.unprovable++
  else wrong.push('it was read as something else')
  if (wrong.length === 0) return null
  row.letThrough++
  return `${group}, ${what}: ${wrong.join('; ')}`
}

/** Fails with every case that went wrong. */
export function expectNone(wrong: (string | null)[]): void {
  expect(wrong.filter((text) => text !== null)).toEqual([])
}

/** Writes the rows of one test file, for the table at the end of the run. */
export function keepRows(file: string): void {
  mkdirSync(TABLE_FOLDER, { recursive: true })
  writeFileSync(join(TABLE_FOLDER, `${file}.json`), JSON.stringify([...rows.values()], null, 2))
}

function isRefusal(error: unknown, also: ErrorCode[]): boolean {
  if (!isCofferError(error)) return false
  return [5, 6].includes(FAILURES[error.code].exit) || also.includes(error.code)
}

function nameOf(error: unknown): string {
  return isCofferError(error) ? `${error.code} (${error.message})` : String(error)
}
