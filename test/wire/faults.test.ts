import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ModeId } from '../../electron/base/mode-names.ts'
import { RANGE } from '../../electron/transfers/download.ts'
import { get } from '../../electron/vault/get.ts'
import { put } from '../../electron/vault/put.ts'
import { noise } from '../support/files.ts'
import { faultyProxy, type FaultyProxy } from './faulty-proxy.ts'
import { weatherOf } from './faults.ts'
import { BUCKET, MODES, namesIn, openLab, uploadsOpen, sourceOf, type Lab } from './lab.ts'
import { chanceOf } from './seed.ts'
import { wrongWith } from './told.ts'

const RUNS = 200
const AT_ONCE = 6
/** Milliseconds. Long enough that a busy machine is not taken for a dead one too often. */
const PATIENCE = 800
const MiB = 1024 * 1024
const { signal } = new AbortController()

/** `COFFER_SEED=42` repeats that run alone. */
const only = process.env['COFFER_SEED']
/** Some that have found something before are always there. */
const seeds = only === undefined ? [...Array.from({ length: RUNS - 2 }, (_, n) => String(n)), '1032', '1187'] : [only]

let lab: Lab
const tally = { whole: 0, wholeAfterFaults: 0, refused: 0, faults: 0, codes: {} as Record<string, number> }
/** Objects to be read are put once and read by many runs. */
const stored = new Map<string, Promise<Buffer>>()

beforeAll(async () => {
  lab = await openLab()
})
afterAll(() => lab.close())

test(`${seeds.length} transfers over a bad network: whole in the end, or reported and nothing left behind`, async () => {
  const wrong: string[] = []
  const waiting = [...seeds]
  const work = async (): Promise<void> => {
    for (let seed = waiting.shift(); seed !== undefined; seed = waiting.shift()) wrong.push(...(await run(seed)))
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
  console.log(
    `${seeds.length} runs: ${tally.whole} whole (${tally.wholeAfterFaults} of them after faults), ` +
      `${tally.refused} reported (${Object.entries(tally.codes).join('; ')}); ${tally.faults} faults`,
  )
  expect(wrong).toEqual([])
  if (only === undefined) expect(tally.wholeAfterFaults, 'most survive what they meet').toBeGreaterThan(RUNS / 4)
}, 600_000)

function named({ faults }: FaultyProxy): string {
  return faults.length === 0 ? 'no fault' : faults.join(', ')
}

interface Run {
  seed: string
  mode: ModeId
  size: number
  proxy: FaultyProxy
  folder: string
}

/** One transfer; returns what is wrong with how it ended. */
async function run(seed: string): Promise<string[]> {
  const chance = chanceOf(seed)
  const mode = MODES[Number(seed) % MODES.length] ?? chance.pick('mode', MODES)
  const large = chance.happens('large', 1 / 3)
  const size = large ? chance.pick('MiB', [9, 14, 20]) * MiB + 1 : chance.pick('size', [0, 1, 4_000, 70_000, 200_000])
  const proxy = await faultyProxy(lab.cloud.endpoint)
  const folder = await mkdtemp(join(lab.folder, 'run-'))
  const started = performance.now()
  try {
    const one: Run = { seed, mode, size, proxy, folder }
    const wrong = await (chance.happens('put', 1 / 2) ? runPut(one) : runGet(one))
    tally.faults += proxy.faults.length
    const took = `${Math.round(performance.now() - started)} ms`
    if (only !== undefined) console.log(`${mode}, ${size} bytes, ${took}:\n${proxy.faults.join('\n')}`)
    return wrong.map((text) => `COFFER_SEED=${seed} (${mode}, ${size} bytes, ${took}): ${text}; ${named(proxy)}`)
  } finally {
    await proxy.close()
    await rm(folder, { recursive: true, force: true })
  }
}

async function runPut({ seed, mode, size, proxy, folder }: Run): Promise<string[]> {
  const key = `put-${seed}`
  const content = noise(size, seed)
  const error = await through(proxy, seed, (vault) =>
    put(
      vault,
      { source: sourceOf(content), bucket: BUCKET, key, mode, options: lab.optionsFor(mode), overwrite: 'refuse' },
      { signal },
    ),
  )
  const orphans = (await uploadsOpen(lab, key)).map((name) => `an upload is left: ${name}`)
  const path = join(folder, 'back')
  const back = await get(lab.direct.vault, { bucket: BUCKET, key, path, options: {}, overwrite: 'refuse' }, { signal })
    .then(() => readFile(path))
    .catch((failure: unknown) => failure)
  const isWhole = Buffer.isBuffer(back) && back.equals(content)
  const isMissing = (back as { code?: string }).code === 'OBJECT_NOT_FOUND'
  if (error === undefined) return isWhole ? orphans : [...orphans, 'it was reported done and is not there whole']
  // Its answer may have been lost for good: then it is there, whole, and reported failed.
  const half =
    isWhole || isMissing
      ? []
      : [`it was reported failed, and something is there: ${Buffer.isBuffer(back) ? 'other bytes' : String(back)}`]
  return [...orphans, ...half, ...wrongWith(error, lab.secrets, isWhole ? ['ALREADY_EXISTS'] : [])]
}

async function runGet({ seed, mode, size, proxy, folder }: Run): Promise<string[]> {
  const key = `get-${mode}-${size}`
  const content = await onceStored(key, mode, size)
  const path = join(folder, 'file')
  const object = { bucket: BUCKET, key, options: {} }
  const error = await through(proxy, seed, (vault) => get(vault, { ...object, path, overwrite: 'refuse' }, { signal }))
  const wrong = error === undefined ? [] : wrongWith(error, lab.secrets)
  if (error !== undefined) {
    const left = await namesIn(folder)
    // A large one goes on where it stood when it is repeated, and then nothing is left.
    const begun = /^\.coffer-[0-9a-f]{16}\.part$/
    wrong.push(...left.filter((name) => !begun.test(name) || size < RANGE).map((name) => `${name} was left`))
    if (left.length > 0) await get(lab.direct.vault, { ...object, path, overwrite: 'refuse' }, { signal })
    else return wrong
  }
  const left = await namesIn(folder)
  if (left.join() !== 'file') return [...wrong, `there is ${left.join()}`]
  return (await readFile(path)).equals(content) ? wrong : [...wrong, 'it was reported done and has other bytes']
}

/** Does it through the proxy under this seed's weather; returns what it failed with, if it did. */
async function through(
  proxy: FaultyProxy,
  seed: string,
  act: (vault: Lab['direct']['vault']) => Promise<unknown>,
): Promise<unknown> {
  const door = lab.door(proxy.url, PATIENCE)
  proxy.weather = weatherOf(seed)
  try {
    await act(door.vault)
    tally.whole += 1
    if (proxy.faults.length > 0) tally.wholeAfterFaults += 1
    return undefined
  } catch (error) {
    tally.refused += 1
    const { code = 'no code' } = error as { code?: string }
    tally.codes[code] = (tally.codes[code] ?? 0) + 1
    return error ?? new Error('rejected with nothing')
  } finally {
    door.close()
    proxy.weather = null
  }
}

function onceStored(key: string, mode: ModeId, size: number): Promise<Buffer> {
  const known = stored.get(key)
  if (known !== undefined) return known
  const content = noise(size, key)
  const putting = put(
    lab.direct.vault,
    { source: sourceOf(content), bucket: BUCKET, key, mode, options: lab.optionsFor(mode), overwrite: 'replace' },
    { signal },
  ).then(() => content)
  stored.set(key, putting)
  return putting
}
