import { readFileSync } from 'node:fs'
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { newPerson, type Outcome, type Person } from '../support/coffer.ts'
import { startOddS3, type OddS3 } from '../support/odd-s3.ts'

interface Fixture {
  aesKey: string
  plaintext: string
  objects: { name: string; instruction?: string; body: string }[]
}

const fixture = JSON.parse(readFileSync(join(import.meta.dirname, '../fixtures/s3ec-java.json'), 'utf8')) as Fixture
let server: OddS3
let person: Person

beforeAll(async () => {
  server = await startOddS3()
  person = await newPerson({ AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE', AWS_SECRET_ACCESS_KEY: 'secret' }, { resident: true })
})
afterAll(async () => {
  await person.remove()
  await server.close()
})
beforeEach(() => server.objects.clear())

const coffer = (...args: string[]): Promise<Outcome> => person.coffer([...args, '--endpoint-url', server.endpoint])
const at = (...names: string[]): string => join(person.folder, ...names)

test('what a put leaves out is named, and the exit code says so', async () => {
  await mkdir(at('in', 'empty'), { recursive: true })
  await writeFile(at('in', 'file'), 'x')
  await symlink('file', at('in', 'link'))
  const put = await coffer('put', 'in', 's3://box/', '--mode', 'bucket-default')
  expect(put).toMatchObject({ code: 1, error: { code: 'LEFT_OUT' } })
  expect(put.stderr).toContain(at('in', 'link'))
  expect([...server.objects.keys()].sort()).toEqual(['box/in/empty/', 'box/in/file'])
  server.objects.clear()
  expect(await coffer('put', 'in', 's3://box/', '--mode', 'bucket-default', '--follow-links')).toMatchObject({
    code: 0,
  })
  expect([...server.objects.keys()]).toContain('box/in/link')
  expect(await coffer('put', 'in/link', 's3://box/named', '--mode', 'bucket-default')).toMatchObject({ code: 0 })
})

test('a list that is not whole fails, and nothing of it counts as done', async () => {
  for (const key of ['d/1', 'd/2', 'd/3']) server.put(`box/${key}`)
  Object.assign(server.odd, { page: 2, next: 'same-token' })
  try {
    for (const command of [
      ['get', 's3://box/d/', 'circles'],
      ['verify', 's3://box/d/'],
      ['ls', 's3://box/d/'],
      ['rm', '-r', 's3://box/d/'],
    ])
      expect(await coffer(...command)).toMatchObject({ code: 7, error: { code: 'LIST_INCOMPLETE' } })
  } finally {
    Object.assign(server.odd, { page: 1000, next: 'token' })
  }
})

test('rm says what is gone, and what is still there', async () => {
  for (const key of ['old/', 'old/a', 'old/kept']) server.put(`box/${key}`)
  server.odd.refuse = (key) => (key === 'old/kept' ? 'AccessDenied' : undefined)
  try {
    const some = await coffer('rm', '--recursive', 's3://box/old/')
    expect(some).toMatchObject({ code: 4, rows: [{ removed: 2, failed: 1 }] })
    expect(some.stderr).toContain('old/kept')
  } finally {
    server.odd.refuse = () => undefined
  }
  expect(await coffer('rm', 's3://box/never')).toMatchObject({ code: 3, rows: [], error: { code: 'OBJECT_NOT_FOUND' } })
  expect(await coffer('rm', 's3://box/old/kept')).toMatchObject({ code: 0, rows: [{ removed: 1 }] })
})

test('a folder of objects with instruction files is got and verified whole, listed once, and removed with them', async () => {
  await writeFile(at('java'), fixture.aesKey)
  await person.done(['key', 'import', 'java', '--name', 'java'])
  const object = fixture.objects.find(({ name }) => name === 'java-aes-v2-instruction')
  for (const key of ['old/a', 'old/b']) {
    server.put(`box/${key}`, Buffer.from(object?.body ?? '', 'base64'))
    server.put(`box/${key}.keys`, object?.instruction ?? '')
  }
  const legacy = ['--allow-legacy', '--instruction-suffix', '.keys']
  expect(await coffer('get', 's3://box/old/', 'legacy', ...legacy)).toMatchObject({ code: 0 })
  expect((await readdir(at('legacy'))).sort()).toEqual(['a', 'b'])
  expect(await readFile(at('legacy', 'a'))).toEqual(Buffer.from(fixture.plaintext, 'base64'))
  const verified = await coffer('verify', 's3://box/old/', ...legacy)
  expect(verified.code).toBe(0)
  expect(verified.rows.map(({ key }) => key).sort()).toEqual(['old/a', 'old/b'])
  const listed = await coffer('ls', 's3://box/old/', '--instruction-suffix', '.keys')
  expect(listed.rows.map(({ key }) => key)).toEqual(['old/a', 'old/b'])
  expect(JSON.parse(listed.stderr)).toEqual({ instructionFiles: 2 })
  expect(await coffer('rm', 's3://box/old/a', '--instruction-suffix', '.keys')).toMatchObject({
    rows: [{ removed: 1 }],
  })
  expect([...server.objects.keys()].sort()).toEqual(['box/old/b', 'box/old/b.keys'])
})

test('a link inside the folder that is saved into is named, and nothing goes through it', async () => {
  for (const key of ['d/ok', 'd/link/secret']) server.put(`box/${key}`)
  await mkdir(at('outside'))
  await mkdir(at('inside'))
  await symlink(at('outside'), at('inside', 'link'))
  const got = await coffer('get', 's3://box/d/', 'inside', '--overwrite')
  expect(got).toMatchObject({ code: 2, error: { code: 'INVALID_INPUT' } })
  expect(got.error?.message).toContain(at('inside', 'link'))
  expect(await readdir(at('outside'))).toEqual([])
  expect((await readdir(at('inside'))).sort()).toEqual(['link', 'ok'])
})
