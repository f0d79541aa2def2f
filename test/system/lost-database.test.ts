import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { newPerson, type Person } from '../support/coffer.ts'

/* Coffer's own database is damaged or gone: each time it is said, and what can be brought back is. */

let person: Person
let database: string

beforeAll(async () => {
  person = await newPerson()
  database = join(person.env['COFFER_HOME'] ?? '', 'coffer.db')
  await person.done(['key', 'new', 'mine', '--purpose', 'sse-c', '--no-kit'])
  const place = [
    'place',
    'add',
    'nas',
    '--endpoint-url',
    'http://127.0.0.1:1',
    '--access-key-id',
    'AKIAEXAMPLEEXAMPLE01',
  ]
  const added = await person.coffer([...place, '--keep-anyway'], { stdin: 'a secret access key\n' })
  expect(added.code, added.stderr).toBe(0)
  await person.done(['key', 'new', 'newer', '--no-kit'])
})
afterAll(() => person.remove())

const names = async (what: 'key' | 'place'): Promise<unknown[]> =>
  (await person.done([what, 'list'])).map(({ name }) => name)

function lose(): void {
  for (const end of ['', '-wal', '-shm']) rmSync(database + end, { force: true })
}

function empty(): void {
  lose()
  writeFileSync(database, '')
}

it('damaged: every command says so and how it is put back, and the copy brings back keys and places', async () => {
  const before = await names('place')
  expect(before).toContain('nas')
  writeFileSync(database, Buffer.alloc(40_960, 'damaged'))
  for (const args of [['key', 'list'], ['ls'], ['transfers']]) {
    const { code, error } = await person.coffer(args)
    expect({ args, code, name: error?.code }).toEqual({ args, code: 1, name: 'DATABASE_DAMAGED' })
    expect(error?.hint).toMatch(/A copy of .* is there\. Put it back: coffer database restore/)
  }
  const unasked = await person.coffer(['database', 'restore'])
  expect(unasked).toMatchObject({ code: 2, error: { code: 'INVALID_INPUT' } })
  expect(readFileSync(database).includes('damaged')).toBe(true)

  const [restored] = await person.done(['database', 'restore', '--yes'])
  expect(restored).toBeDefined()
  expect(await names('key')).toEqual(['mine', 'newer'])
  expect(await names('place')).toEqual(before)
  expect((await person.done(['key', 'list']))[0]).toMatchObject({ name: 'mine', purpose: 'sse-c' })
})

it.each([
  ['gone', lose],
  ['empty', empty],
])('%s: keys are listed again, the copy is named, and it brings back the places', async (_what, act) => {
  const places = await names('place')
  act()
  const listed = await person.coffer(['key', 'list'])
  expect(listed.rows.map(({ name }) => name)).toEqual(['mine', 'newer'])
  expect(listed.stderr).toContain('Found again')
  expect(listed.stderr).toContain('coffer database restore')
  expect(await names('place')).not.toContain('nas')
  await person.done(['database', 'restore', '--yes'])
  expect(await names('place')).toEqual(places)
  expect(await names('key')).toEqual(['mine', 'newer'])
})

it('without any copy, a new one can be begun, and the keys are there again', async () => {
  rmSync(join(person.env['COFFER_HOME'] ?? '', 'backups'), { recursive: true })
  writeFileSync(database, 'damaged')
  const none = await person.coffer(['database', 'restore', '--yes'])
  expect(none).toMatchObject({ code: 3, error: { code: 'FILE_NOT_FOUND' } })
  expect((await person.coffer(['key', 'list'])).error?.hint).toContain('coffer database new')
  await person.done(['database', 'new', '--yes'])
  expect(await names('key')).toEqual(['mine', 'newer'])
})
