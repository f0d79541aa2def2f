import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { noise } from '../support/files.ts'
import type { Running } from '../support/run.ts'
import { stageComputer, type ComputerStage } from '../support/servers.ts'
import { slowProxy, type SlowProxy } from '../support/slow-proxy.ts'

const MiB = 1024 * 1024
const SIZE = 64 * MiB + 5

let stage: ComputerStage
let network: SlowProxy
let where: string[]
let content: Buffer

beforeAll(async () => {
  stage = await stageComputer()
  network = await slowProxy(stage.endpoint)
  where = ['--endpoint-url', network.url, '--kms-endpoint-url', stage.endpoint, '--region', 'us-east-1']
  content = noise(SIZE, 'get-resume')
  await writeFile(join(stage.person.folder, 'large'), content)
  await stage.person.done(['key', 'new', 'mine', '--no-kit'])
  await stage.person.done(['put', 'large', 's3://resume/large', '--mode', 'cse-c', '--key', 'mine'])
})

afterAll(async () => {
  await network.close()
  await stage.close()
})

/** Stored bytes that the journal says are in the temporary. */
function noted(): number {
  const db = new DatabaseSync(join(stage.person.folder, 'home', 'coffer.db'), { readOnly: true })
  try {
    return Number(db.prepare('SELECT done FROM downloads').get()?.['done'] ?? 0)
  } finally {
    db.close()
  }
}

async function until(running: Running, holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) {
    if (running.child.exitCode !== null) throw new Error((await running.ended).stderr)
    await sleep(20)
  }
}

const command = (to: string): string[] => ['get', 's3://resume/large', to, ...where]

async function killedMidway(to: string): Promise<number> {
  network.limit(24 * MiB)
  const running = stage.person.start(command(to), { env: stage.awsEnv })
  await until(running, () => noted() > 0)
  running.child.kill('SIGKILL')
  await running.ended
  network.limit(Infinity)
  network.passed()
  return noted()
}

test('a get that was killed goes on when it is repeated, and does not fetch again what it had', async () => {
  const done = await killedMidway('down/copy')
  const folder = join(stage.person.folder, 'down')
  expect(await readdir(folder)).toEqual([expect.stringMatching(/^\.coffer-[0-9a-f]{16}\.part$/)])
  await stage.person.done(command('down/copy'), { env: stage.awsEnv })
  expect(network.passed()).toBeLessThan(SIZE - done + MiB)
  expect((await readFile(join(folder, 'copy'))).equals(content)).toBe(true)
  expect(await readdir(folder)).toEqual(['copy'])
  expect(noted()).toBe(0)
})

test('what a killed get of a small object left is removed at the next start', async () => {
  const folder = join(stage.person.folder, 'small')
  await writeFile(join(stage.person.folder, 'few'), content.subarray(0, 4 * MiB))
  await stage.person.done(['put', 'few', 's3://resume/few', '--mode', 'cse-c', '--key', 'mine'])
  network.limit(MiB)
  const running = stage.person.start(['get', 's3://resume/few', 'small/copy', ...where], { env: stage.awsEnv })
  const left = async (): Promise<string[]> => readdir(folder).catch(() => [])
  await until(running, async () => (await left()).length > 0)
  running.child.kill('SIGKILL')
  await running.ended
  expect(await left()).toHaveLength(1)
  network.limit(Infinity)
  await stage.person.done(['key', 'list'])
  expect(await left()).toEqual([])
})
