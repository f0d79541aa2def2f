import { once } from 'node:events'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { CreateKeyCommand } from '@aws-sdk/client-kms'
import { CreateBucketCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { newPerson, type Person } from '../support/coffer.ts'
import { awsEnv } from '../support/computer.ts'
import { noise } from '../support/files.ts'
import { startLocalCloud, type LocalCloud } from '../support/localcloud.ts'
import { awsClients } from '../support/servers.ts'
import { gaugeBefore, type Gauge } from './gauge.ts'
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

let cloud: LocalCloud
let person: Person
let kmsKey: string
let kills = 0

beforeAll(async () => {
  cloud = await startLocalCloud()
  const env = awsEnv(cloud.endpoint, cloud.endpoint, cloud.region, cloud.accessKeyId, cloud.secretAccessKey)
  person = await newPerson({ ...env, AWS_ENDPOINT_URL_S3: undefined, AWS_ENDPOINT_URL_KMS: undefined })
  await person.done(['key', 'new', 'own', '--no-kit'])
  const { s3, kms } = awsClients(env)
  await s3.send(new CreateBucketCommand({ Bucket: BUCKET }))
  kmsKey = (await kms.send(new CreateKeyCommand({}))).KeyMetadata?.Arn ?? ''
  s3.destroy()
  kms.destroy()
})
afterAll(async () => {
  await cloud.stop()
  await person.remove()
})

test.for(['cse-c', 'cse-kms'])(
  'kill -9 among many small files, %s: repeated, all come back whole, and nothing is left',
  { timeout: 300_000 },
  async (mode) => {
    const gauge = await gaugeBefore(cloud.endpoint, 16 * MiB)
    const [source, into] = [join(person.folder, mode, 'files'), join(person.folder, mode, 'into')]
    await mkdir(source, { recursive: true })
    const names = Array.from({ length: FILES }, (_, n) => String(n).padStart(4, '0'))
    for (const name of names) await writeFile(join(source, name), noise(BYTES, `${mode} ${name}`))
    const options = ['--endpoint-url', gauge.url, '--kms-endpoint-url', gauge.url, '--region', cloud.region]
    const folder = `s3://${BUCKET}/${mode}/`
    const put = ['put', source, folder, '--mode', mode, '--key', mode === 'cse-c' ? 'own' : kmsKey, ...options]
    const get = ['get', folder, into, ...options]

    for (const [what, args] of Object.entries({ put, get })) {
      for (let round = 1; round <= KILLS; round++) await killed(gauge, args, `${mode} ${what} ${round}`)
      const { code, error } = await person.coffer(args)
      expect(code, `${what}: ${JSON.stringify(error)}, COFFER_SEED=${seed}`).toBe(0)
    }
    const back = join(into, ...((await namesIn(into)).includes('files') ? ['files'] : []))
    expect((await namesIn(back)).sort()).toEqual(names)
    for (const name of names) expect(await readFile(join(back, name))).toEqual(await readFile(join(source, name)))
    expect(kills, 'most kills hit a transfer').toBeGreaterThan(KILLS)
    kills = 0
    await gauge.close()
  },
)

/** Runs a command and ends it, without a chance to tidy up, when some of what is left to do has crossed. */
async function killed(gauge: Gauge, args: string[], which: string): Promise<void> {
  const running = person.start(args)
  const moment = gauge.passed(chance.integer(which, 1, (FILES * BYTES) / KILLS)).then(() => {
    if (running.child.exitCode !== null) return
    kills += 1
    running.child.kill('SIGKILL')
  })
  await Promise.race([moment, running.ended])
  if (running.child.exitCode === null && running.child.signalCode === null) await once(running.child, 'exit')
}
