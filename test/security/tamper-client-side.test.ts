import { afterAll, beforeAll, describe, it } from 'vitest'
import { bodyCases } from './body-cases.ts'
import { envelopeCases, fieldCases, formatCases, harmlessCases, subsetCases, valueCases, type Case } from './cases.ts'
import { instructionCases, plantedCases } from './instruction-cases.ts'
import { openLab, type Lab } from './lab.ts'
import { LEGACY_KINDS } from './legacy.ts'
import { expectReadable, runCases } from './run-cases.ts'
import { addKeys, seal, sealOld, type Subject } from './subjects.ts'
import { keepRows } from './table.ts'

const COFFERS = (['v3', 'v2'] as const).flatMap((format) =>
  (['aes', 'rsa', 'kms'] as const).flatMap((wrap) => [
    { name: `${format} ${wrap}`, format, wrap },
    { name: `${format} ${wrap}, instruction file`, format, wrap, instruction: true },
  ]),
)
const EMPTY = { name: 'v3 aes, empty file', format: 'v3', wrap: 'aes', size: 0 } as const

let lab: Lab
beforeAll(async () => {
  lab = await openLab('This computer')
  addKeys(lab)
})
afterAll(async () => {
  keepRows('1-client-side')
  await lab.close()
})

/** That the catalog keeps an envelope opens nothing but the bytes it was kept with. */
async function runRemembered(subject: Subject): Promise<void> {
  await expectReadable(lab, subject)
  const cases = [...fieldCases(subject), ...valueCases(subject), ...formatCases(subject), ...bodyCases(subject)]
  await runCases(lab, subject, [...cases, ...envelopeCases(subject)], { prefix: 'remembered: ', isRemembered: true })
}

const run = (subject: Subject, cases: Case[]): Promise<void> => runCases(lab, subject, cases)

describe.each([...COFFERS, EMPTY])('$name', (kind) => {
  let subject: Subject
  beforeAll(async () => {
    subject = await seal(lab, kind)
  })

  it('is read as long as nobody has touched it', () => expectReadable(lab, subject))
  it('refuses each field changed alone', () => run(subject, fieldCases(subject)))
  // The formats are the same whatever wraps the key.
  if (kind.wrap === 'aes') it('refuses fields taken away together', () => run(subject, subsetCases(subject)))
  it('refuses other algorithms', () => run(subject, valueCases(subject)))
  it('refuses to be another format', () => run(subject, formatCases(subject)))
  it('refuses a changed body', () => run(subject, bodyCases(subject)))
  it("refuses another object's envelope", () => run(subject, envelopeCases(subject)))
  it('opens nothing else by an envelope that is remembered', () => runRemembered(subject))
  it('does not mind what protects nothing', () => run(subject, harmlessCases(subject)))
  it('refuses a changed instruction file, or does not look at one that is planted', () =>
    run(subject, subject.sealed.instruction === undefined ? plantedCases(subject) : instructionCases(subject)))
})

describe.each(LEGACY_KINDS)('%s, allowed for this object', (kind) => {
  let subject: Subject
  beforeAll(async () => {
    subject = await sealOld(lab, kind)
  })

  it('is read as long as nobody has touched it', () => expectReadable(lab, subject))
  it('refuses fields that are not its own', () => run(subject, [...fieldCases(subject), ...subsetCases(subject)]))
  it('refuses to be another format', () => run(subject, [...valueCases(subject), ...formatCases(subject)]))
  it('refuses a changed body as far as it can tell', () =>
    run(subject, [...bodyCases(subject), ...envelopeCases(subject)]))
  it('is refused, touched or not, while it is not allowed', async () => {
    const strict = { ...subject, options: {}, cbc: false }
    const untouched = { group: 'legacy formats, not allowed', what: 'untouched', sealed: subject.sealed }
    const cases = [...bodyCases(strict), ...fieldCases(strict)]
    await run(strict, [untouched, ...cases.map((one) => ({ ...one, harmless: false, group: untouched.group }))])
  })
})
