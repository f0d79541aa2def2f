import { afterAll, beforeAll, describe, it } from 'vitest'
import { bodyCases } from './body-cases.ts'
import { envelopeCases, fieldCases, formatCases, valueCases } from './cases.ts'
import { openLab, type Lab } from './lab.ts'
import { expectReadable, runCases } from './run-cases.ts'
import { addKeys, seal, type Subject } from './subjects.ts'
import { keepRows } from './table.ts'

let lab: Lab
beforeAll(async () => {
  lab = await openLab('moto')
  addKeys(lab)
})
afterAll(async () => {
  keepRows('6-moto')
  await lab.close()
})

// Of a wrapped key under a KMS key that does not exist, KMS says as much as of one that it denies.
const AT_MOTO = { prefix: 'at moto: ', also: ['KMS_DENIED' as const] }

/** What a server and a KMS that nobody of ours wrote may make of it: where KMS is asked, and one mode where it is not. */
describe.each([
  { name: 'v3 kms', format: 'v3', wrap: 'kms' },
  { name: 'v2 kms', format: 'v2', wrap: 'kms' },
  { name: 'v3 aes', format: 'v3', wrap: 'aes' },
] as const)('$name at moto', (kind) => {
  let subject: Subject
  beforeAll(async () => {
    subject = await seal(lab, kind)
  })

  it('is read as long as nobody has touched it', () => expectReadable(lab, subject))
  it('refuses a changed envelope', () =>
    runCases(lab, subject, [...fieldCases(subject), ...valueCases(subject), ...envelopeCases(subject)], AT_MOTO))
  it('refuses to be another format, and a changed body', () =>
    runCases(lab, subject, [...formatCases(subject), ...bodyCases(subject)], AT_MOTO))
})
