import { ListMultipartUploadsCommand, ListObjectsV2Command } from '@aws-sdk/client-s3'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { noise, writeFiles } from '../support/files.ts'
import { stageComputer } from '../support/servers.ts'
import type { ComputerStage } from '../support/servers.ts'

const FILES = 200
const names = Array.from({ length: FILES }, (_, number) => `drop/${number}`)

let stage: ComputerStage
beforeAll(async () => {
  stage = await stageComputer()
  const small = Object.fromEntries(names.map((name) => [name, noise(100, name)]))
  await writeFiles(stage.person.folder, { ...small, 'drop/large': noise(40 * 1024 * 1024, 'large') })
})
afterAll(() => stage.close())

async function objectsIn(bucket: string): Promise<number> {
  const answer = await stage.s3.send(new ListObjectsV2Command({ Bucket: bucket })).catch(() => ({ KeyCount: 0 }))
  return answer.KeyCount ?? 0
}

/** Begins to put the folder slowly, and is killed once some of it is there. */
async function putAndDie(bucket: string): Promise<string[]> {
  const command = ['put', 'drop', `s3://${bucket}/`, '--mode', 'sse-s3']
  const running = stage.person.start([...command, '--limit-rate', '4M', '--concurrency', '4'])
  for (const end = Date.now() + 30_000; (await objectsIn(bucket)) < 20;) {
    if (Date.now() > end) throw new Error('nothing was put in 30 seconds')
    await sleep(10)
  }
  running.child.kill('SIGKILL')
  await running.ended
  return command
}

async function expectAllOf(bucket: string): Promise<void> {
  expect(await objectsIn(bucket)).toBe(FILES + 1)
  const { Uploads = [] } = await stage.s3.send(new ListMultipartUploadsCommand({ Bucket: bucket }))
  expect(Uploads).toEqual([])
  const locks = readdirSync(join(stage.person.folder, 'home')).filter((name) => name.startsWith('transfer-'))
  expect(locks).toEqual([])
  await stage.person.done(['get', `s3://${bucket}/drop/large`, `${bucket}-large`])
}

it('a put that was killed goes on when it is repeated, and takes nothing of its own for somebody else’s', async () => {
  const command = await putAndDie('repeated')
  const listed = await stage.person.done(['transfers'])
  expect(listed).toMatchObject([{ state: 'stopped', kind: 'put' }])
  // The limit and the number at once are not what makes it the same run.
  const again = await stage.person.coffer(command)
  expect(again).toMatchObject({ code: 0, error: undefined })
  expect(again.rows.length).toBeLessThan(FILES + 1)
  await expectAllOf('repeated')
  expect(await stage.person.done(['transfers'])).toEqual([])
})

it('a put that was killed goes on by coffer transfers resume', async () => {
  await putAndDie('resumed')
  const [run] = await stage.person.done(['transfers', 'resume'])
  expect(run).toMatchObject({ state: 'finished', done: FILES + 1, failed: 0 })
  await expectAllOf('resumed')
  await stage.person.done(['transfers', 'clear'])
  expect(await stage.person.done(['transfers'])).toEqual([])
})

it('a put that was killed is cancelled by coffer transfers cancel, and nothing of it is left to clean up', async () => {
  await putAndDie('cancelled')
  const [run] = await stage.person.done(['transfers'])
  await stage.person.done(['transfers', 'cancel', String(run?.id)])
  const { Uploads = [] } = await stage.s3.send(new ListMultipartUploadsCommand({ Bucket: 'cancelled' }))
  expect(Uploads).toEqual([])
  expect(await stage.person.done(['transfers', 'clean-up'])).toEqual([])
})
