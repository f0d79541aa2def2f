import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { noise } from '../support/files.ts'
import { flipped } from './body-cases.ts'
import { without, type Answer, type Lie } from './hostile-proxy.ts'
import { attempt, fetchSealed, openLab, plant, putContent, type Attempt, type Lab, type Sealed } from './lab.ts'
import { addKeys, fieldsOf, seal, type Subject } from './subjects.ts'
import { expectNone, judge, keepRows, type Expected } from './table.ts'

const MIB = 1024 * 1024
const RANGE = 8 * MIB

let lab: Lab
beforeAll(async () => {
  lab = await openLab('This computer')
  addKeys(lab)
})
afterAll(async () => {
  keepRows('2-server')
  await lab.close()
})

/** Reads an object while the server lies about it. */
async function attemptUnder(key: string, lie: Lie): Promise<Attempt> {
  lab.proxy.lie = lie
  try {
    return await attempt(lab, key, {})
  } finally {
    lab.proxy.lie = null
    lab.proxy.before = null
  }
}

const onHead =
  (change: (truth: Answer) => Answer): Lie =>
  ({ method }, truth) =>
    method === 'HEAD' ? change(truth) : truth
const onGet =
  (change: (truth: Answer, range: string | undefined) => Answer): Lie =>
  ({ method, headers }, truth) =>
    method === 'GET' ? change(truth, headers.range) : truth

const withHeader = (truth: Answer, name: string, value: string): Answer => {
  return { ...truth, headers: [...without(truth.headers, name.toLowerCase()), [name, value]] }
}
const withMore = (truth: Answer, name: string, value: string): Answer => {
  return { ...truth, headers: [...truth.headers, [name, value]] }
}

describe.each([
  { name: 'v3 aes', format: 'v3', wrap: 'aes' },
  { name: 'v3 kms', format: 'v3', wrap: 'kms' },
  { name: 'v2 aes', format: 'v2', wrap: 'aes' },
] as const)('a server that lies about $name', (kind) => {
  let subject: Subject
  beforeAll(async () => {
    subject = await seal(lab, kind)
  })

  it('in its metadata, beyond what it would store', async () => {
    const own = Object.entries(fieldsOf(subject.sealed))
    const strangers = fieldsOf(subject.stranger)
    const lies = own.flatMap(([name, value]): [string, string, (truth: Answer) => Answer][] => {
      const wire = `x-amz-meta-${name}`
      const group = 'metadata that no server stores'
      return [
        [group, `${name} twice, the same`, (truth) => withMore(truth, wire, value)],
        [group, `${name} twice, in other case`, (truth) => withMore(truth, wire.toUpperCase(), strangers[name] ?? 'x')],
        [
          group,
          `${name} twice, the other first`,
          (truth) => {
            return { ...truth, headers: [[wire.toUpperCase(), strangers[name] ?? 'x'], ...truth.headers] }
          },
        ],
        [group, `${name} of 3,000 characters`, (truth) => withHeader(truth, wire, value.padEnd(3_000, 'A'))],
        [group, `${name} of 12,000 characters`, (truth) => withHeader(truth, wire, value.padEnd(12_000, 'A'))],
        [group, `${name} with a tab`, (truth) => withHeader(truth, wire, `${value.slice(0, 1)}\t${value.slice(1)}`)],
        [group, `${name} in Latin-1`, (truth) => withHeader(truth, wire, `${value}ü`)],
        [group, `${name} as an encoded word`, (truth) => withHeader(truth, wire, encodedWord(value))],
      ]
    })
    const wrong = []
    for (const [group, what, change] of lies) {
      const became = await attemptUnder(subject.key, onHead(change))
      // Text in a description may be written as an encoded word; what is doubled may be white space to JSON.
      const may = /x-amz-(?:m|t|matdesc) /.test(what) ? 'harmless' : undefined
      wrong.push(judge(group, `${kind.name}: ${what}`, became, { plaintext: subject.plaintext, may }))
    }
    expectNone(wrong)
  })

  it('in its size, its ETag and its body', async () => {
    const { plaintext, sealed } = subject
    const size = sealed.body.length
    const fromHead = (name: string, value: string): Lie => onHead((truth) => withHeader(truth, name, value))
    const bodies = (change: (body: Buffer) => Buffer): Lie =>
      onGet((truth) => ({ ...truth, headers: noChecksum(truth), body: change(truth.body) }))
    const lies: [string, string, Lie, Expected['also']][] = [
      ['a size that is a lie', 'zero', fromHead('Content-Length', '0'), []],
      ['a size that is a lie', 'a byte less', fromHead('Content-Length', String(size - 1)), []],
      ['a size that is a lie', 'a byte more', fromHead('Content-Length', String(size + 1)), []],
      ['a size that is a lie', 'beyond what GCM takes', fromHead('Content-Length', String(2 ** 37)), []],
      [
        'an ETag that moves',
        'from HEAD to GET',
        fromHead('ETag', '"0123456789abcdef0123456789abcdef"'),
        ['CHANGED_WHILE_READ'],
      ],
      ['an ETag that moves', 'in GET', onGet((truth) => withHeader(truth, 'ETag', '"moved"')), ['CHANGED_WHILE_READ']],
      ['a body that no server stores', 'flipped under its ETag', bodies((body) => flipped(body, 5)), []],
      ['a body that no server stores', 'short under its ETag', bodies((body) => body.subarray(1)), []],
      ['a body that no server stores', 'long under its ETag', bodies((body) => Buffer.concat([body, body])), []],
      ['a body that no server stores', "a sibling's under its ETag", bodies(() => subject.sibling.body), []],
      ['a body that no server stores', 'empty under its ETag', bodies(() => Buffer.alloc(0)), []],
    ]
    const wrong = []
    for (const [group, what, lie, also = []] of lies) {
      wrong.push(judge(group, `${kind.name}: ${what}`, await attemptUnder(subject.key, lie), { plaintext, also }))
    }
    expectNone(wrong)
  })
})

function encodedWord(value: string): string {
  return `=?UTF-8?B?${Buffer.from(value).toString('base64')}?=`
}

function noChecksum({ headers }: Answer): Answer['headers'] {
  return headers.filter(([name]) => !name.toLowerCase().startsWith('x-amz-checksum'))
}

it('a server that asks for the customer key of what was sealed here gets none', async () => {
  const subject = await seal(lab, { name: 'asked for', format: 'v3', wrap: 'aes' })
  const sent: unknown[] = []
  const became = await attemptUnder(subject.key, ({ method, headers }, truth) => {
    const key = headers['x-amz-server-side-encryption-customer-key']
    if (key !== undefined) sent.push(key)
    return method === 'HEAD' && key === undefined ? { status: 400, headers: [], body: Buffer.alloc(0) } : truth
  })
  expect(sent).toEqual([])
  // A bare 400 says nothing of customer keys, so the read ends with the server's refusal before any key is looked for.
  const expected = { plaintext: subject.plaintext, also: ['INVALID_INPUT' as const] }
  expectNone([judge('a customer key asked for', 'sealed here', became, expected)])
})

it.each(['sse-s3', 'sse-kms', 'sse-c'] as const)('a body under %s that its checksum does not fit', async (mode) => {
  const [key, plaintext] = [`checksum/${mode}`, noise(1_000, mode)]
  const name = mode === 'sse-kms' ? lab.kmsKey : mode === 'sse-s3' ? undefined : 'sent'
  await putContent(lab, key, plaintext, mode, name === undefined ? {} : { key: name })
  const wrong = []
  for (const change of [(body: Buffer) => flipped(body, 0), (body: Buffer) => flipped(body, 999, 0x80)]) {
    const became = await attemptUnder(
      key,
      onGet((truth) => ({ ...truth, body: change(truth.body) })),
    )
    for (const error of became.errors) expect(error).toHaveProperty('code', 'INTEGRITY')
    wrong.push(judge('a body that its checksum does not fit', mode, became, { plaintext }))
  }
  expectNone(wrong)
})

describe.each(['cse-c', 'cse-kms', 'sse-s3', 'sse-c'] as const)('a large object under %s', (mode) => {
  const key = `large/${mode}`
  const plaintext = noise(2 * RANGE + 100, key)
  const sealedHere = mode.startsWith('cse')
  let sealed: Sealed
  beforeAll(async () => {
    const name = nameFor(mode)
    await putContent(lab, key, plaintext, mode, name === undefined ? {} : { key: name })
    if (sealedHere) sealed = await fetchSealed(lab, key)
  })

  if (sealedHere)
    it('cut and mixed at the boundaries of its ranges', async () => {
      const { body } = sealed
      const parts = [body.subarray(0, RANGE), body.subarray(RANGE, 2 * RANGE), body.subarray(2 * RANGE)] as const
      const cuts = [RANGE - 1, RANGE, RANGE + 1, 2 * RANGE, 2 * RANGE + 16, body.length - 1]
      const bodies: [string, string, Buffer][] = [
        ...cuts.map((end): [string, string, Buffer] => [
          'the body cut at a range',
          `at ${String(end)}`,
          body.subarray(0, end),
        ]),
        ['parts in another order', 'the first two', Buffer.concat([parts[1], parts[0], parts[2]])],
        ['parts in another order', 'the first twice', Buffer.concat([parts[0], parts[0], parts[2]])],
        ['parts in another order', 'the second gone', Buffer.concat([parts[0], parts[2]])],
        ['a bit of the body', 'in the second range', flipped(body, RANGE + 1)],
        ['a bit of the body', 'at the end of the first range', flipped(body, RANGE - 1)],
        ['a bit of the body', 'in the tag of a large object', flipped(body, body.length - 1)],
      ]
      const wrong = []
      for (const [group, what, changed] of bodies) {
        await plant(lab, key, { ...sealed, body: changed })
        wrong.push(judge(group, `${mode}: ${what}`, await attempt(lab, key, {}), { plaintext }))
      }
      await plant(lab, key, sealed)
      expect((await attempt(lab, key, {})).errors).toEqual([undefined, undefined])
      expectNone(wrong)
    })

  it('replaced while its ranges come', async () => {
    let times = 0
    const group = 'replaced during the download'
    const again = async (): Promise<void> => {
      const name = nameFor(mode)
      const { lie, before } = lab.proxy
      Object.assign(lab.proxy, { lie: null, before: null })
      const other = noise(plaintext.length, `${key} ${String(++times)}`)
      await putContent(lab, key, other, mode, name === undefined ? {} : { key: name })
      Object.assign(lab.proxy, { lie, before })
    }
    const became = await attemptUnder(key, onceReplaced(again))
    const wrong = [judge(group, `${mode}: by an honest server`, became, { plaintext, also: ['CHANGED_WHILE_READ'] })]
    if (sealedHere) {
      const mixed = await attemptUnder(key, mixture(sealed.body))
      wrong.push(judge(group, `${mode}: by one that hides it`, mixed, { plaintext }))
    }
    expectNone(wrong)
  })
})

/** In each read, the second range goes to the server only when the object has been replaced. */
function onceReplaced(replace: () => Promise<void>): Lie {
  let replacing: Promise<void> | undefined
  lab.proxy.before = async ({ method, headers }) => {
    const { range } = headers
    if (method === 'HEAD') replacing = undefined
    if (method === 'GET' && range !== undefined && !range.startsWith('bytes=0-')) await (replacing ??= replace())
  }
  return (_question, truth) => truth
}

/** Later ranges are of another object, under the ETag of the first. */
function mixture(older: Buffer): Lie {
  return onGet((truth, range) => {
    const [, from = 0] = /^bytes=(\d+)-/.exec(range ?? '') ?? []
    if (Number(from) === 0) return truth
    return {
      ...truth,
      headers: noChecksum(truth),
      body: older.subarray(Number(from), Number(from) + truth.body.length),
    }
  })
}

/** The key that an object of a mode is stored under; undefined if the mode takes none. */
function nameFor(mode: 'cse-c' | 'cse-kms' | 'sse-s3' | 'sse-c'): string | undefined {
  return { 'cse-c': 'aes', 'cse-kms': lab.kmsKey, 'sse-c': 'sent', 'sse-s3': undefined }[mode]
}
