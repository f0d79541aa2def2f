import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { noise } from '../support/files.ts'
import { gaugeBefore } from './gauge.ts'
import { killAfter, openStage, type Stage } from './killing.ts'
import { namesIn } from './lab.ts'
import { chanceOf } from './seed.ts'

/** So many go by the thread for small files. */
const FILES = 400
const BYTES = 3_000
const KILLS = 3
const BUCKET = 'many'
const MiB = 1024 * 1024
/** `COFFER_SEED=42` chooses other moments; 1 unless told. */
const seed = process.env['COFFER_SEED'] ?? '1'
const chance = chanceOf(`kill many ${seed}`)

let stage: Stage

beforeAll(async () => {
  stage = await openStage(BUCKET, ['own'])
})
afterAll(() => stage.close())

test.for(['cse-c', 'cse-kms'])(
  'kill -9 among many small files, %s: repeated, all come back whole, and nothing is left',
  { timeout: 300_000 },
  async (mode) => {
    const { cloud, person, kmsKey } = stage
    const gauge = await gaugeBefore(cloud.endpoint, 16 * MiB)
    const [source, into] = [join(person.folder, mode, 'files'), join(person.folder, mode, 'into')]
    await mkdir(source, { recursive: true })
    const names = Array.from({ length: FILES }, (_, n) => String(n).padStart(4, '0'))
    for (const name of names) await writeFile(join(source, name), noise(BYTES, `${mode} ${name}`))
    const options = ['--endpoint-url', gauge.url, '--kms-endpoint-url', gauge.url, '--region', cloud.region]
    const folder = `s3://${BUCKET}/${mode}/`
    const put = ['put', source, folder, '--mode', mode, '--key', mode === 'cse-c' ? 'own' : kmsKey, ...options]
    const get = ['get', folder, into, ...options]

    let kills = 0
    for (const [what, args] of Object.entries({ put, get })) {
      for (let round = 1; round <= KILLS; round++) {
        const bytes = chance.integer(`${mode} ${what} ${round}`, 1, (FILES * BYTES) / KILLS)
        if (await killAfter(stage, gauge, args, bytes)) kills += 1
      }
      const { code, error } = await person.coffer(args)
      expect(code, `${what}: ${JSON.stringify(error)}, COFFER_SEED=${seed}`).toBe(0)
    }
    const back = join(into, ...((await namesIn(into)).includes('files') ? ['files'] : []))
    expect((await namesIn(back)).sort()).toEqual(names)
    for (const name of names) expect(await readFile(join(back, name))).toEqual(await readFile(join(source, name)))
    expect(kills, 'most kills hit a transfer').toBeGreaterThan(KILLS)
    await gauge.close()
  },
)
