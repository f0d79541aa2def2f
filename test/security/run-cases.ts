import { expect } from 'vitest'
import type { ErrorCode } from '../../electron/base/errors.ts'
import type { Case } from './cases.ts'
import { attempt, plant, type Lab } from './lab.ts'
import type { Subject } from './subjects.ts'
import { expectNone, judge } from './table.ts'

/**
 * Tampers with a subject in each of these ways, reads it each time, and fails with all that went wrong. The reader knows no
 * envelope but the server's, unless it is to be remembered.
 */
export async function runCases(
  lab: Lab,
  subject: Subject,
  cases: Case[],
  at: { prefix?: string; also?: ErrorCode[]; isRemembered?: boolean } = {},
): Promise<void> {
  const { prefix = '', also = [], isRemembered = false } = at
  const wrong: (string | null)[] = []
  for (const { group, what, sealed, harmless = false, structural = false } of cases) {
    await plant(lab, subject.key, sealed)
    // An envelope that the catalog keeps opens just the bytes that it was kept with.
    const may = harmless || isRemembered ? 'harmless' : subject.cbc && !structural ? 'unprovable' : undefined
    if (!isRemembered) lab.forgetEnvelopes()
    const became = await attempt(lab, subject.key, subject.options)
    const { plaintext } = subject
    wrong.push(judge(`${prefix}${group}`, `${subject.name}: ${what}`, became, { plaintext, may, also }))
  }
  expect(cases.length).toBeGreaterThan(0)
  expectNone(wrong)
}

/** A subject that cannot be read untouched would be refused for any reason at all. */
export async function expectReadable(lab: Lab, subject: Subject): Promise<void> {
  await plant(lab, subject.key, subject.sealed)
  const { errors, content } = await attempt(lab, subject.key, subject.options)
  expect(errors).toEqual([undefined, undefined])
  expect(content?.equals(subject.plaintext)).toBe(true)
}
