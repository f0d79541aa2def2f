import { ListMultipartUploadsCommand } from '@aws-sdk/client-s3'
import { randomInt } from 'node:crypto'
import { readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { noise } from '../support/files.ts'
import { stageComputer, type ComputerStage } from '../support/servers.ts'
import { reusedKeys, uploadRecorder, type UploadRecorder } from '../support/upload-recorder.ts'

const MIB = 1024 * 1024
const SIZE = 41 * MIB + 3
const PARTS = 6
const BUCKET = 'kills'

let stage: ComputerStage
let recorder: UploadRecorder
let options: string[]
let kmsKey: string

beforeAll(async () => {
  stage = await stageComputer()
  recorder = await uploadRecorder(stage.endpoint)
  const { AWS_ENDPOINT_URL_KMS: kms = '', AWS_REGION: region = '' } = stage.awsEnv
  options = ['--endpoint-url', recorder.url, '--kms-endpoint-url', kms, '--region', region]
  await stage.person.done(['key', 'new', 'mine', '--no-kit'])
  await stage.person.done(['key', 'new', 'theirs', '--no-kit'])
  await stage.person.done(['bucket', 'make', BUCKET])
  const [made] = await stage.person.done(['kms', 'create'])
  kmsKey = made?.keyId ?? ''
})
afterAll(async () => {
  await recorder.close()
  await stage.close()
})

beforeEach(async () => {
  recorder.parts.length = 0
  recorder.opened.length = 0
  await writeFile(join(stage.person.folder, 'file'), noise(SIZE, `kills ${randomInt(2 ** 32)}`))
})

const credentials = () => ({
  AWS_ACCESS_KEY_ID: stage.awsEnv['AWS_ACCESS_KEY_ID'],
  AWS_SECRET_ACCESS_KEY: stage.awsEnv['AWS_SECRET_ACCESS_KEY'],
})

const putArgs = (key: string, mode: string[]): string[] => ['put', 'file', `s3://${BUCKET}/${key}`, ...mode, ...options]

/** So slowly that its end does not come before the kill. */
const SLOWLY = ['--limit-rate', '10M']

/** Kills the command line, with no chance to tidy up, once `ripe` says so and some milliseconds more have passed. */
async function putAndKill(args: string[], ripe: () => boolean, more: number): Promise<boolean> {
  const { child, ended } = stage.person.start(args, { env: credentials() })
  while (child.exitCode === null && !ripe()) await sleep(2)
  await sleep(more)
  const killed = child.kill('SIGKILL')
  const { code } = await ended
  return killed && code === 128 + 9
}

async function openUploads(): Promise<number> {
  const { Uploads } = await stage.s3.send(new ListMultipartUploadsCommand({ Bucket: BUCKET }))
  return Uploads?.length ?? 0
}

async function expectStored(key: string): Promise<void> {
  const { person } = stage
  await person.done(['get', `s3://${BUCKET}/${key}`, 'out', '--overwrite', ...options], { env: credentials() })
  const [stored, source] = [await readFile(join(person.folder, 'out')), await readFile(join(person.folder, 'file'))]
  expect(stored.equals(source)).toBe(true)
  expect(await openUploads()).toBe(0)
  expect(reusedKeys(recorder)).toEqual([])
  const locks = (await readdir(join(person.folder, 'home'))).filter((name) => name.startsWith('process-'))
  expect(locks, 'what tells the living from the dead').toEqual([])
}

/** Moments of which each is as bad as it gets: see `putAndKill`. */
const MOMENTS: readonly [string, (before: number) => () => boolean][] = [
  ['as S3 has opened it', () => () => recorder.opened.length > 0],
  ['as its first part leaves', (before) => () => recorder.parts.length > before],
  ['in the middle', (before) => () => recorder.parts.length > before + 2],
  ['near its end', () => () => new Set(recorder.parts.map(({ number }) => number)).size === PARTS],
]

describe('kill -9 of a put', () => {
  it.each([
    ['cse-c', () => ['--mode', 'cse-c', '--key', 'mine']],
    ['cse-kms', () => ['--mode', 'cse-kms', '--key', kmsKey]],
    ['sse-c', () => ['--mode', 'sse-c', '--key', 'theirs']],
  ] as const)(
    '%s: repeated, it goes on where it stood, to the right bytes and with nothing left',
    async (name, mode) => {
      const args = putArgs(name, mode())
      let kills = 0
      for (const [, ripeAfter] of MOMENTS) {
        if (await putAndKill(args, ripeAfter(recorder.parts.length), randomInt(30))) kills += 1
      }
      const last = await stage.person.coffer([...args, '--overwrite'], { env: credentials() })
      expect(last.code, last.stderr).toBe(0)
      const sent = recorder.parts.filter(({ body }) => body.length > 0).length
      console.log(
        `${name}: ${kills} kills; ${sent - PARTS} of ${PARTS} parts sent again; ${recorder.opened.length} uploads`,
      )
      expect(kills).toBeGreaterThan(1)
      await expectStored(name)
    },
  )

  it('a file that changes between, of the same size and date, is sealed under a fresh key', async () => {
    const path = join(stage.person.folder, 'file')
    const args = putArgs('changed', ['--mode', 'cse-c', '--key', 'mine'])
    expect(await putAndKill([...args, ...SLOWLY], () => recorder.parts.length > 1, 10)).toBe(true)
    const { atime, mtime } = await stat(path)
    await writeFile(path, noise(SIZE, 'something else'))
    await utimes(path, atime, mtime)
    await stage.person.done(args, { env: credentials() })
    expect(new Set(recorder.opened.map(({ envelope }) => envelope)).size).toBe(2)
    await expectStored('changed')
  })

  it('the repeated command says in one line how much is there already', async () => {
    const args = putArgs('told', ['--mode', 'cse-c', '--key', 'mine'])
    expect(await putAndKill([...args, ...SLOWLY], () => recorder.parts.length > 3, 100)).toBe(true)
    const { code, stderr, stdout } = await stage.person.coffer(args, { env: credentials() })
    expect(code).toBe(0)
    expect(`${stdout}${stderr}`).toMatch(/"resumed"|goes on where it stood/)
    await expectStored('told')
  })
})
