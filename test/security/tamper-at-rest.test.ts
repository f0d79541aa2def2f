import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { ModeOptions } from '../../electron/modes/mode.ts'
import { noise } from '../support/files.ts'
import { flipped } from './body-cases.ts'
import { attempt, openLab, putContent, type Lab } from './lab.ts'
import { addKeys } from './subjects.ts'
import { expectNone, judge, keepRows, type Expected } from './table.ts'

const MIB = 1024 * 1024
const SEGMENT = 65_536 + 16
const HEADER = 40

let lab: Lab
beforeAll(async () => {
  lab = await openLab('This computer')
  addKeys(lab)
  // The client asks again after a 500, and damage is the same each time; the name of the error is what counts.
  lab.proxy.lie = (_question, truth) => (truth.status === 500 ? { ...truth, status: 422 } : truth)
})
afterAll(async () => {
  keepRows('5-at-rest')
  await lab.close()
})

const MODES: { name: string; mode: 'sse-s3' | 'sse-kms' | 'sse-c'; options: (lab: Lab) => ModeOptions }[] = [
  { name: 'sse-s3', mode: 'sse-s3', options: () => ({}) },
  { name: 'sse-kms', mode: 'sse-kms', options: ({ kmsKey }) => ({ key: kmsKey, encryptionContext: { a: 'b' } }) },
  { name: 'sse-kms with a bucket key', mode: 'sse-kms', options: ({ kmsKey }) => ({ key: kmsKey, bucketKey: true }) },
  { name: 'sse-kms in two layers', mode: 'sse-kms', options: ({ kmsKey }) => ({ key: kmsKey, dsse: true }) },
  { name: 'sse-c', mode: 'sse-c', options: () => ({ key: 'sent' }) },
]

type Value = string | number | null | Uint8Array
type Row = Record<string, Value>

/** The server's database, as whoever may write its folder sees it. */
function database(): DatabaseSync {
  return new DatabaseSync(join(lab.dataDir ?? '', 's3.db'))
}

function versionOf(key: string): Row {
  const db = database()
  const row = db.prepare('SELECT * FROM versions WHERE key = ? AND latest = 1').get(Buffer.from(key)) as Row
  db.close()
  return row
}

function piecesOf(key: string): Row[] {
  const db = database()
  const rows = db.prepare('SELECT * FROM pieces WHERE object = ? ORDER BY number').all(versionOf(key)['object'] ?? '')
  db.close()
  return rows as Row[]
}

function blobOf(key: string, piece = 0): string {
  const blob = String(piecesOf(key)[piece]?.['blob'])
  return join(lab.dataDir ?? '', 'objects', blob.slice(0, 2), blob)
}

/** Changes rows, reads the object, and puts the rows back. */
async function withSql(
  changes: [sql: string, ...values: Value[]][],
  undo: [sql: string, ...values: Value[]][],
  work: () => Promise<string | null>,
) {
  const run = (all: [string, ...Value[]][]): void => {
    const db = database()
    for (const [sql, ...values] of all) db.prepare(sql).run(...values)
    db.close()
  }
  run(changes)
  try {
    return await work()
  } finally {
    run(undo)
  }
}

async function read(group: string, what: string, key: string, expected: Expected): Promise<string | null> {
  return judge(`at rest: ${group}`, what, await attempt(lab, key, {}), expected)
}

it.each(MODES)('$name: what was changed in its folder is refused', async ({ name, mode, options }) => {
  const all: (string | null)[] = []
  const [small, large, parts] = [noise(1_000, `${name} s`), noise(300_000, `${name} l`), noise(9 * MIB, `${name} p`)]
  const [smallKey, largeKey, partsKey] = [`${name}/small`, `${name}/large`, `${name}/parts`]

  const prepare = async (): Promise<void> => {
    for (const which of ['', ' twin']) {
      await putContent(lab, smallKey + which, which === '' ? small : noise(1_000, which), mode, options(lab))
      await putContent(lab, largeKey + which, which === '' ? large : noise(300_000, which), mode, options(lab))
    }
    await putContent(lab, partsKey, parts, mode, options(lab))
  }

  const changedFile = async (): Promise<void> => {
    const path = blobOf(largeKey)
    const file = await readFile(path)
    // Behind the content is what the file says of itself, with its length in the last 16 bytes.
    const end = file.length - 16 - file.readUInt32BE(file.length - 16)
    const whole = file.subarray(0, end)
    const description = file.subarray(end)
    const places = [
      0,
      1,
      20,
      35,
      HEADER,
      HEADER + 65_536,
      HEADER + SEGMENT,
      whole.length >> 1,
      whole.length - 16,
      whole.length - 1,
    ]
    const cuts = [0, 1, HEADER - 1, HEADER, HEADER + SEGMENT, HEADER + SEGMENT + 1, whole.length - 16, whole.length - 1]
    const segment = (n: number) => whole.subarray(HEADER + n * SEGMENT, HEADER + (n + 1) * SEGMENT)
    const last = whole.subarray(HEADER + 4 * SEGMENT)
    const header = whole.subarray(0, HEADER)
    const swapped = Buffer.concat([header, segment(1), segment(0), segment(2), segment(3), last])
    const changes: [string, string, Buffer][] = [
      ...places.map((at): [string, string, Buffer] => ['a bit of a file', `at ${String(at)}`, flipped(whole, at)]),
      ...cuts.map((end): [string, string, Buffer] => ['a file cut', `at ${String(end)}`, whole.subarray(0, end)]),
      ['segments in another order', 'the first two', swapped],
      ['segments in another order', 'one gone', Buffer.concat([header, segment(0), segment(2), segment(3), last])],
      ["another object's file", "its twin's", (await readFile(blobOf(`${largeKey} twin`))).subarray(0, end)],
    ]
    // The index has it, too; it only matters when that is lost, and is authenticated then.
    const ends: [string, Buffer][] = [
      ['a bit of it', flipped(file, end + 40)],
      ['a bit of its length', flipped(file, file.length - 16)],
      ['its last bit', flipped(file, file.length - 1)],
      ['none of it', whole],
      ['cut', file.subarray(0, file.length - 1)],
      ['extended', Buffer.concat([file, last])],
      ['in front of another', Buffer.concat([file, description])],
    ]
    const wrong = []
    for (const [group, what, bytes] of changes) {
      const shifted = Buffer.concat([bytes, description])
      // Once in 256 times, the description begins with the byte that was cut off: then nothing is changed.
      if (!shifted.subarray(0, end).equals(whole)) {
        await writeFile(path, shifted)
        wrong.push(await read(group, `${name}: ${what}`, largeKey, { plaintext: large }))
      }
      await writeFile(path, bytes)
      wrong.push(await read(group, `${name}: ${what}, nothing behind it`, largeKey, { plaintext: large }))
    }
    for (const [what, bytes] of ends) {
      await writeFile(path, bytes)
      const expected = { plaintext: large, may: 'harmless' } as const
      wrong.push(await read('what a file says of itself', `${name}: ${what}`, largeKey, expected))
    }
    await writeFile(path, file)
    await rename(path, `${path}.gone`)
    wrong.push(await read('a file gone', name, largeKey, { plaintext: large }))
    await rename(`${path}.gone`, path)
    expect((await attempt(lab, largeKey, {})).errors).toEqual([undefined, undefined])
    all.push(...wrong)
  }

  const changedParts = async (): Promise<void> => {
    const [one, two] = [blobOf(partsKey, 0), blobOf(partsKey, 1)]
    const [first, second] = [await readFile(one), await readFile(two)]
    const wrong = []
    await writeFile(one, second)
    await writeFile(two, first)
    wrong.push(await read('parts in another order', name, partsKey, { plaintext: parts }))
    await writeFile(one, first)
    await writeFile(two, flipped(second, 500_000))
    wrong.push(await read('a bit of a part', name, partsKey, { plaintext: parts }))
    await writeFile(two, second.subarray(0, 500_000))
    wrong.push(await read('a part cut', name, partsKey, { plaintext: parts }))
    await writeFile(two, second)
    all.push(...wrong)
  }

  const changedRows = async (): Promise<void> => {
    const [piece = {}] = piecesOf(smallKey)
    const [twin = {}] = piecesOf(`${smallKey} twin`)
    const sealed = Buffer.from(piece['sealed'] as Uint8Array)
    const object = piece['object'] ?? ''
    const set = 'UPDATE pieces SET sealed = ? WHERE object = ? AND number = 0'
    const bodies: [string, string, Uint8Array | null][] = [
      ...[0, 1, 20, 39, 40, sealed.length >> 1, sealed.length - 16, sealed.length - 1].map(
        (at): [string, string, Uint8Array] => ['a bit of a row', `at ${String(at)}`, flipped(sealed, at)],
      ),
      ...[0, 39, 40, 56, sealed.length - 1].map((end): [string, string, Uint8Array] => [
        'a row cut',
        `at ${String(end)}`,
        sealed.subarray(0, end),
      ]),
      ['a row extended', 'by a byte', Buffer.concat([sealed, Buffer.of(0)])],
      ['a row emptied', 'of all', null],
      ["another object's row", "its twin's", twin['sealed'] as Uint8Array],
    ]
    const wrong = []
    for (const [group, what, bytes] of bodies) {
      const work = () => read(group, `${name}: ${what}`, smallKey, { plaintext: small })
      wrong.push(await withSql([[set, bytes, object]], [[set, sealed, object]], work))
    }
    all.push(...wrong)
  }

  const changedKnowledge = async (): Promise<void> => {
    const wrong: (string | null)[] = []
    for (const [key, plaintext] of [
      [smallKey, small],
      [largeKey, large],
      [partsKey, parts],
    ] as const) {
      const version = versionOf(key)
      const twin = versionOf(key === partsKey ? largeKey : `${key} twin`)
      const change = async (group: string, what: string, values: Row, may?: Expected['may']): Promise<void> => {
        const names = Object.keys(values)
        const sql = `UPDATE versions SET ${names.map((one) => `${one} = ?`).join(', ')} WHERE id = ?`
        const back = names.map((one) => version[one] ?? null)
        const id = version['id'] ?? 0
        const work = () => read(group, `${name}, ${key}: ${what}`, key, { plaintext, may })
        wrong.push(await withSql([[sql, ...Object.values(values), id]], [[sql, ...back, id]], work))
      }
      const envelope = JSON.parse(String(version['envelope'])) as Record<string, unknown>
      const size = Number(version['size'])
      await change('the size of an object', 'a byte less', { size: size - 1 })
      await change('the size of an object', 'a byte more', { size: size + 1 })
      await change('the size of an object', 'zero', { size: 0 })
      await change('the wrapped key of an object', "its twin's", { envelope: twin['envelope'] ?? null })
      await change('the data of an object', "its twin's", { object: twin['object'] ?? null })
      for (const [field, value] of Object.entries(envelope)) {
        if (typeof value !== 'string' || field === 'mode' || field === 'keyArn') continue
        const bytes = Buffer.from(value, 'base64')
        const text = flipped(bytes, bytes.length >> 1).toString('base64')
        await change('the wrapped key of an object', `${field} changed`, {
          envelope: JSON.stringify({ ...envelope, [field]: text }),
        })
        await change('the wrapped key of an object', `${field} gone`, {
          envelope: JSON.stringify({ ...envelope, [field]: undefined }),
        })
      }
      await change('the date of an object', 'another', { modified_ms: 5 }, 'harmless')
    }
    all.push(...wrong)
  }

  await prepare()
  for (const step of [changedFile, changedParts, changedRows, changedKnowledge]) await step()
  expectNone(all)
})
