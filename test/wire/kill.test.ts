import { mkdir, readFile, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ListMultipartUploadsCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ModeId } from '../../electron/base/mode-names.ts'
import type { Person } from '../support/coffer.ts'
import { noise } from '../support/files.ts'
import { awsClients } from '../support/servers.ts'
import { gaugeBefore, type Gauge, type SeenUpload } from './gauge.ts'
import { killAfter, openStage, type Stage } from './killing.ts'
import { namesIn } from './lab.ts'
import { chanceOf } from './seed.ts'

const MiB = 1024 * 1024
/** Three parts, three ranges. */
const SIZE = 17 * MiB + 5
const BUCKET = 'killed'
/** Each is killed twice on its way in and twice on its way out. */
const OBJECTS = 7
const AT_ONCE = 3
/** Bytes a second of one connection, of which a transfer has four. */
const RATE = 16 * MiB

const MODES: readonly [ModeId, ...ModeId[]] = ['cse-c', 'cse-kms', 'sse-s3', 'sse-kms', 'sse-c']
/** `COFFER_SEED=42` chooses other moments; 1 unless told. */
const seed = process.env['COFFER_SEED'] ?? '1'
const chance = chanceOf(`kill ${seed}`)

let stage: Stage
let kills = 0
/** Everything that the wire saw of uploads. */
const seen: SeenUpload[] = []

beforeAll(async () => {
  // A key that seals files here is never shown to a server.
  stage = await openStage(BUCKET, ['sse-c', 'cse-c'])
})
afterAll(() => stage.close())

test(`kill -9 at ${OBJECTS * 4} moments of put and get: the repeat ends with the right bytes, and nothing is left`, async () => {
  const wrong: string[] = []
  const waiting = Array.from({ length: OBJECTS }, (_, n) => n)
  const work = async (): Promise<void> => {
    for (let n = waiting.shift(); n !== undefined; n = waiting.shift()) {
      const gauge = await gaugeBefore(stage.cloud.endpoint, RATE)
      wrong.push(...(await thereAndBack(n, gauge)))
      seen.push(...gauge.uploads.values())
      await gauge.close()
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
  console.log(`${kills} of ${OBJECTS * 4} kills hit a transfer; ${seen.length} uploads were begun`)
  expect(wrong, `COFFER_SEED=${seed}`).toEqual([])
  expect([...reusedKeys(seen)], 'no key and IV with two contents').toEqual([])
  const envelopes = new Set(seen.map(({ envelope }) => envelope).filter((envelope) => envelope !== ''))
  const sealedHere = Array.from({ length: OBJECTS }, (_, n) => modeOf(n)).filter((mode) => mode.startsWith('cse'))
  expect(envelopes.size, 'a file that changed was sealed under a fresh key').toBeGreaterThan(sealedHere.length)
  expect(await uploadsLeft(), 'no upload is left').toEqual([])
  expect(kills, 'most kills hit a transfer').toBeGreaterThan(OBJECTS * 2)
}, 600_000)

function modeOf(n: number): ModeId {
  return MODES[n % MODES.length] ?? 'cse-c'
}

/** One file in and out, each cut off twice; returns what is wrong. */
async function thereAndBack(n: number, gauge: Gauge): Promise<string[]> {
  const { cloud, person, kmsKey } = stage
  const mode = modeOf(n)
  const folder = join(person.folder, `object-${n}`)
  const [source, into] = [join(folder, 'file'), join(folder, 'into')]
  await mkdir(into, { recursive: true })
  await writeFile(source, noise(SIZE, `kill ${n}`))
  const keyed = mode.endsWith('-kms') ? ['--key', kmsKey] : mode.endsWith('-c') ? ['--key', mode] : []
  const options = ['--endpoint-url', gauge.url, '--kms-endpoint-url', gauge.url, '--region', cloud.region]
  const object = `s3://${BUCKET}/object-${n}`
  const put = ['put', source, object, '--mode', mode, ...keyed, ...options]
  const get = ['get', object, join(into, 'file'), ...options]
  const wrong: string[] = []
  const killed = async (args: string[], bytes: number): Promise<void> => {
    if (await killAfter(stage, gauge, args, bytes)) kills += 1
  }

  // Every third file stays as it is; of the others, one changes once and one twice, before anything of it is complete.
  const changes = n % 3
  for (const round of [1, 2]) {
    await killed(put, chance.integer(`${n} put ${round}`, 0, (changes === 0 ? 1.05 : 0.95) * SIZE))
    if (round <= changes) await change(source, `${n} ${round}`)
  }
  wrong.push(...failureOf('put', await person.coffer(put)))
  for (const round of [1, 2]) {
    await killed(get, chance.integer(`${n} get ${round}`, 0, 1.05 * SIZE))
    const half = (await namesIn(into)).includes('file') && !(await isSame(source, join(into, 'file')))
    if (half) wrong.push('half a file stands under its final name')
  }
  wrong.push(...failureOf('get', await person.coffer(get)))
  const left = await namesIn(into)
  if (left.join() !== 'file') wrong.push(`there is ${left.join()}`)
  else if (!(await isSame(source, join(into, 'file')))) wrong.push('other bytes came back')
  return wrong.map((text) => `object ${n} (${mode}): ${text}`)
}

/** The same size, and after the change the old time again: nothing but the content tells. */
async function change(path: string, which: string): Promise<void> {
  const { atime, mtime } = await stat(path)
  const content = await readFile(path)
  const at = chance.integer(`${which} changed at`, 0, SIZE - 1)
  content[at] = (content[at] ?? 0) ^ 1
  await writeFile(path, content)
  await utimes(path, atime, mtime)
}

/** The kill may have come after the last byte: then it is done already, and the repeat says so. */
function failureOf(what: string, { code, error }: Awaited<ReturnType<Person['coffer']>>): string[] {
  return code === 0 || error?.code === 'ALREADY_EXISTS' ? [] : [`the repeated ${what} failed: ${JSON.stringify(error)}`]
}

async function isSame(one: string, other: string): Promise<boolean> {
  return (await readFile(one)).equals(await readFile(other))
}

/** Parts that were sent under one envelope, which is one key and IV, and differ in what all attempts sent of them. */
function* reusedKeys(uploads: Iterable<SeenUpload>): Generator<string> {
  const known = new Map<string, Buffer>()
  for (const { envelope, parts } of uploads) {
    if (envelope === '') continue
    for (const { number, pieces } of parts) {
      const body = Buffer.concat(pieces)
      const before = known.get(`${number} ${envelope}`) ?? Buffer.alloc(0)
      const common = Math.min(before.length, body.length)
      if (!before.subarray(0, common).equals(body.subarray(0, common))) yield `part ${number} under ${envelope}`
      if (body.length > before.length) known.set(`${number} ${envelope}`, body)
    }
  }
}

async function uploadsLeft(): Promise<string[]> {
  const { s3 } = awsClients(stage.env)
  const { Uploads } = await s3.send(new ListMultipartUploadsCommand({ Bucket: BUCKET }))
  s3.destroy()
  return (Uploads ?? []).map(({ Key, UploadId }) => `${Key ?? ''} ${UploadId ?? ''}`)
}
