import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { outcomeOf } from '../support/coffer.ts'
import { noise, writeFiles } from '../support/files.ts'
import { stageComputer, type ComputerStage } from '../support/servers.ts'

/* A key that is deleted by one process while another one puts under it. */

const MIB = 1024 * 1024
let stage: ComputerStage
let home: DatabaseSync

beforeAll(async () => {
  stage = await stageComputer()
  await writeFiles(stage.person.folder, { large: noise(24 * MIB, 'key deletion') })
  await stage.person.done(['key', 'new', 'mine', '--no-kit'])
  home = new DatabaseSync(join(stage.person.env['COFFER_HOME'] ?? '', 'coffer.db'))
})
afterAll(async () => {
  home.close()
  await stage.close()
})

/** A put that has begun to send, and has seconds to go. */
async function slowPut(key: string) {
  const put = ['put', 'large', `s3://deletion/${key}`, '--mode', 'cse-c', '--key', 'mine', '--limit-rate', '8M']
  const running = stage.person.start([...put, ...stage.options])
  const sending = (): unknown => home.prepare('SELECT count(*) AS n FROM upload_parts').get()?.['n']
  await expect.poll(sending).toBeGreaterThan(0)
  return running
}

it('is not deleted, and what was put opens', async () => {
  const running = await slowPut('kept')
  const refused = await stage.person.coffer(['key', 'delete', 'mine', '--confirm', 'mine'])
  expect(refused).toMatchObject({ code: 6, error: { code: 'KEY_IN_USE' } })
  expect(refused.error?.message).toContain('s3://deletion')
  expect(outcomeOf(await running.ended)).toMatchObject({ code: 0 })
  await stage.person.done(['verify', 's3://deletion/kept', ...stage.options])
})

it('and if it is gone all the same, the put says so', async () => {
  const running = await slowPut('lost')
  home.exec('DELETE FROM keys')
  const ended = outcomeOf(await running.ended)
  expect(ended).toMatchObject({ code: 6, error: { code: 'KEY_NOT_FOUND' } })
  expect(ended.error?.message).toContain('was deleted while s3://deletion/lost')
})
