import { randomBytes } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isCofferError } from '../../electron/base/errors.ts'
import type { ModeOptions } from '../../electron/modes/mode.ts'
import { without, type Answer, type Lie } from './hostile-proxy.ts'
import { attempt, openLab, plant, putContent, type Lab } from './lab.ts'
import { addKeys, fieldsOf, seal, withField, type Subject } from './subjects.ts'
import { expectNone, judge, keepRows, type Expected } from './table.ts'

type Said = Record<string, unknown>

let lab: Lab
beforeAll(async () => {
  lab = await openLab('This computer')
  addKeys(lab)
})
afterAll(async () => {
  keepRows('3-kms')
  await lab.close()
})

/** Changes what KMS says to one operation; S3 is left alone. */
function onKms(operation: string, change: (said: Said, asked: Said) => Said): Lie {
  return ({ headers, body }, truth) => {
    const target = String(headers['x-amz-target'] ?? '')
    if (!target.endsWith(`.${operation}`) || truth.status !== 200) return truth
    const said = JSON.parse(truth.body.toString()) as Said
    const asked = JSON.parse(body.toString()) as Said
    return saidByKms(truth, change(said, asked))
  }
}

/** Who lies sends the checksum of the lie; KMS writes it as a decimal number. */
function saidByKms(truth: Answer, said: Said): Answer {
  const body = Buffer.from(JSON.stringify(said))
  const headers: Answer['headers'] = [...without(truth.headers, 'x-amz-crc32'), ['x-amz-crc32', String(crc32(body))]]
  return { ...truth, status: 200, body, headers }
}

async function under<T>(lie: Lie, work: () => Promise<T>): Promise<T> {
  lab.proxy.lie = lie
  try {
    return await work()
  } finally {
    lab.proxy.lie = null
  }
}

const key = (bytes: number, fill?: number): string =>
  (fill === undefined ? randomBytes(bytes) : Buffer.alloc(bytes, fill)).toString('base64')

describe.each(['v3', 'v2'] as const)('a KMS that lies about a data key of format %s', (format) => {
  let subject: Subject
  beforeAll(async () => {
    subject = await seal(lab, { name: `${format} kms, lying`, format, wrap: 'kms' })
  })

  it('when it unwraps', async () => {
    const other = lab.otherKmsKey
    const decrypt = (change: (said: Said) => Said): Lie => onKms('Decrypt', change)
    const named: ModeOptions = { key: lab.kmsKey }
    const lies: [string, string, Lie, ModeOptions?, Expected['may']?][] = [
      ['another data key', 'random', decrypt((said) => ({ ...said, Plaintext: key(32) }))],
      ['another data key', 'all zero', decrypt((said) => ({ ...said, Plaintext: key(32, 0) }))],
      ...[0, 1, 16, 24, 31, 33, 64].map((size): [string, string, Lie] => [
        'a data key of another length',
        `${String(size)} bytes`,
        decrypt((said) => ({ ...said, Plaintext: key(size) })),
      ]),
      ['a data key of another length', 'none at all', decrypt((said) => ({ ...said, Plaintext: undefined }))],
      ['another KMS key', 'named otherwise', decrypt((said) => ({ ...said, KeyId: other })), named],
      ['another KMS key', 'not named', decrypt((said) => ({ ...said, KeyId: undefined })), named],
      ['another KMS key', 'an id that ends like it', decrypt((said) => ({ ...said, KeyId: `x${lab.kmsKey}` })), named],
      // Nobody named a key, and the content proves itself: only what is told of the key is a lie.
      [
        'another KMS key, when none was named',
        'named otherwise',
        decrypt((said) => ({ ...said, KeyId: other })),
        {},
        'harmless',
      ],
    ]
    const wrong = []
    for (const [group, what, lie, options = {}, may] of lies) {
      const became = await under(lie, () => attempt(lab, subject.key, options))
      wrong.push(judge(`KMS answers: ${group}`, `${format}: ${what}`, became, { plaintext: subject.plaintext, may }))
    }
    expectNone(wrong)
  })

  it('when it does not mind the context', async () => {
    const name = format === 'v3' ? 'x-amz-t' : 'x-amz-matdesc'
    const context = JSON.parse(fieldsOf(subject.sealed)[name] ?? '{}') as Record<string, string>
    const theirs = await dataKeyOf(subject.sealed)
    await plant(lab, subject.key, withField(subject.sealed, name, JSON.stringify({ ...context, purpose: 'another' })))
    const callers = Object.fromEntries(Object.entries(context).filter(([one]) => !one.startsWith('aws:')))
    const became = await under(laxKms(context, theirs), () => attempt(lab, subject.key, { encryptionContext: callers }))
    await plant(lab, subject.key, subject.sealed)
    expectNone([judge('KMS answers: under another context', format, became, { plaintext: subject.plaintext })])
  })

  it("when it answers with another object's data key", async () => {
    const theirs = await dataKeyOf(subject.sibling)
    const lie = onKms('Decrypt', (said) => ({ ...said, Plaintext: theirs }))
    const became = await under(lie, () => attempt(lab, subject.key, {}))
    expectNone([judge("KMS answers: another object's data key", format, became, { plaintext: subject.plaintext })])
  })

  it('when the object names another KMS key than the one that is asked for', async () => {
    await plant(lab, subject.key, subject.stranger)
    const became = await attempt(lab, subject.key, { key: lab.kmsKey })
    await plant(lab, subject.key, subject.sealed)
    expectNone([judge('a whole object under another key', `${format} kms`, became, { plaintext: subject.plaintext })])
  })

  it('when it makes one: nothing is written under it', async () => {
    const make = (change: (said: Said) => Said): Lie => onKms('GenerateDataKey', change)
    const lies: [string, Lie][] = [
      ['a short key', make((said) => ({ ...said, Plaintext: key(16) }))],
      ['no key', make((said) => ({ ...said, Plaintext: undefined }))],
      ['nothing wrapped', make((said) => ({ ...said, CiphertextBlob: '' }))],
      ['another KMS key', make((said) => ({ ...said, KeyId: lab.otherKmsKey }))],
      ['no KMS key', make((said) => ({ ...said, KeyId: undefined }))],
    ]
    for (const [what, lie] of lies) {
      const put = (): Promise<unknown> =>
        putContent(lab, `never/${format}/${what}`, Buffer.from('x'), 'cse-kms', { key: lab.kmsKey, format })
      const error: unknown = await under(lie, put).then(
        () => expect.fail(`${what} was accepted`),
        (thrown: unknown) => thrown,
      )
      expect(isCofferError(error, 'SERVER') || isCofferError(error, 'KEY_WRONG'), `${what}: ${String(error)}`).toBe(
        true,
      )
    }
  })
})

/** The data key of an object, as this KMS unwraps it. */
async function dataKeyOf(sealed: Subject['sealed']): Promise<unknown> {
  const seen: unknown[] = []
  const spy = onKms('Decrypt', (said) => {
    seen.push(said['Plaintext'])
    return said
  })
  await plant(lab, 'spied-on', sealed)
  await under(spy, () => attempt(lab, 'spied-on', {}))
  return seen[0]
}

/** A KMS that unwraps rightly, whatever context it is given. */
function laxKms(context: Record<string, string>, dataKey: unknown): Lie {
  return ({ headers }, truth): Answer => {
    if (!String(headers['x-amz-target'] ?? '').endsWith('.Decrypt')) return truth
    const said = { KeyId: lab.kmsKey, Plaintext: dataKey, EncryptionContext: context }
    return saidByKms(truth, said)
  }
}
