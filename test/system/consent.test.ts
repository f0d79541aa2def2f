import { CreateBucketCommand, HeadObjectCommand, ListMultipartUploadsCommand } from '@aws-sdk/client-s3'
import { readdirSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { noise, writeFiles } from '../support/files.ts'
import { outcomeOf } from '../support/coffer.ts'
import { stageComputer, stageMoto } from '../support/servers.ts'
import type { ComputerStage, Stage } from '../support/servers.ts'

const MIB = 1024 * 1024
/** So that there is something to interrupt. */
const SLOWLY = ['--limit-rate', '20M']
const first = noise(1000, 'first')
const second = noise(2000, 'second')

let stage: ComputerStage
beforeAll(async () => {
  stage = await stageComputer({ resident: true })
  await writeFiles(stage.person.folder, { first, second, large: noise(100 * MIB, 'consent large') })
  await stage.person.done(['key', 'new', 'mine', '--no-kit'])
})
afterAll(() => stage.close())

const inFolder = (name: string): string => join(stage.person.folder, name)

async function until<T>(what: string, look: () => Promise<T | undefined> | T | undefined): Promise<T> {
  const deadline = Date.now() + 30_000
  while (Date.now() < deadline) {
    const seen = await look()
    if (seen !== undefined) return seen
    await sleep(5)
  }
  throw new Error(`waited 30 seconds in vain: ${what}`)
}

describe('overwriting', () => {
  it.each(['sse-s3', 'cse-c'])(
    '%s: put refuses a key that is taken, with exit 8, until consent is given',
    async (mode) => {
      const target = [`s3://consent/put-${mode}`, '--mode', mode, ...(mode === 'cse-c' ? ['--key', 'mine'] : [])]
      const content = async (): Promise<Buffer> => {
        await stage.person.done(['get', target[0] ?? '', 'content', '--overwrite'])
        return readFile(inFolder('content'))
      }
      await stage.person.done(['put', 'first', ...target])
      const refused = await stage.person.coffer(['put', 'second', ...target])
      expect(refused).toMatchObject({ code: 8, error: { code: 'ALREADY_EXISTS' } })
      expect(refused.error?.hint).toContain('--overwrite')
      expect((await content()).equals(first)).toBe(true)
      await stage.person.done(['put', 'second', ...target, '--overwrite'])
      expect((await content()).equals(second)).toBe(true)
    },
  )

  it('a multipart put refuses a key that is taken and leaves no upload behind', async () => {
    await stage.person.done(['put', 'first', 's3://consent/taken', '--mode', 'sse-s3'])
    const refused = await stage.person.coffer([
      'put',
      'large',
      's3://consent/taken',
      '--mode',
      'cse-c',
      '--key',
      'mine',
    ])
    expect(refused).toMatchObject({ code: 8, error: { code: 'ALREADY_EXISTS' } })
    expect(await openUploads('consent')).toEqual([])
    const head = await stage.s3.send(new HeadObjectCommand({ Bucket: 'consent', Key: 'taken' }))
    expect(head.ContentLength).toBe(first.length)
  })

  it('get refuses a file that is there, with exit 8, until consent is given', async () => {
    await stage.person.done(['put', 'first', 's3://consent/get', '--mode', 'sse-s3'])
    await writeFile(inFolder('mine.txt'), 'my own work')
    const refused = await stage.person.coffer(['get', 's3://consent/get', 'mine.txt'])
    expect(refused).toMatchObject({ code: 8, error: { code: 'ALREADY_EXISTS' } })
    expect(await readFile(inFolder('mine.txt'), 'utf8')).toBe('my own work')
    await stage.person.done(['get', 's3://consent/get', 'mine.txt', '--overwrite'])
    expect((await readFile(inFolder('mine.txt'))).equals(first)).toBe(true)
  })
})

async function openUploads(bucket: string): Promise<string[]> {
  const { Uploads } = await stage.s3.send(new ListMultipartUploadsCommand({ Bucket: bucket }))
  return (Uploads ?? []).map((upload) => upload.Key ?? '')
}

describe('cancelling with Ctrl-C', () => {
  it.each(['sse-s3', 'cse-c'])('%s: a put ends with 130 and leaves neither object nor upload', async (mode) => {
    const key = mode === 'cse-c' ? ['--key', 'mine'] : []
    const running = stage.person.start(['put', 'large', `s3://consent/cut-${mode}`, '--mode', mode, ...key, ...SLOWLY])
    await until('an upload', async () => (await openUploads('consent')).at(0))
    running.child.kill('SIGINT')
    const outcome = outcomeOf(await running.ended)
    expect(outcome.code, outcome.stdout + outcome.stderr).toBe(130)
    expect(await openUploads('consent')).toEqual([])
    const head = stage.s3.send(new HeadObjectCommand({ Bucket: 'consent', Key: `cut-${mode}` }))
    await expect(head).rejects.toMatchObject({ $metadata: { httpStatusCode: 404 } })
  })

  it.each(['sse-s3', 'cse-c'])('%s: a get ends with 130 and leaves nothing in the folder', async (mode) => {
    const key = mode === 'cse-c' ? ['--key', 'mine'] : []
    await stage.person.done(['put', 'large', `s3://consent/whole-${mode}`, '--mode', mode, ...key])
    const folder = inFolder(`cut-${mode}`)
    await mkdir(folder)
    const running = stage.person.start(['get', `s3://consent/whole-${mode}`, join(folder, 'large'), ...SLOWLY])
    const partial = await until('a partial file', () => readdirSync(folder).at(0))
    expect(partial, 'unverified plaintext is never at its final path').not.toBe('large')
    running.child.kill('SIGINT')
    const outcome = outcomeOf(await running.ended)
    expect(outcome.code, outcome.stdout + outcome.stderr).toBe(130)
    expect(readdirSync(folder)).toEqual([])
  })
})

describe('a bucket that does not exist', () => {
  it('is made by put on This computer', async () => {
    await stage.person.done(['put', 'first', 's3://made-by-put/first', '--mode', 'sse-s3'])
    await stage.person.done(['get', 's3://made-by-put/first', 'made-by-put'])
    expect((await readFile(inFolder('made-by-put'))).equals(first)).toBe(true)
  })

  it('is an error on get, even on This computer', async () => {
    const refused = await stage.person.coffer(['get', 's3://never-made/first', 'never'])
    expect(refused).toMatchObject({ code: 3, error: { code: 'BUCKET_NOT_FOUND' } })
  })

  it('elsewhere is an error that names the command to make it', async () => {
    const elsewhere: Stage = await stageMoto({ resident: true })
    try {
      await writeFiles(elsewhere.person.folder, { first })
      const put = ['put', 'first', 's3://elsewhere/first', '--mode', 'sse-s3', ...elsewhere.options]
      const refused = await elsewhere.person.coffer(put)
      expect(refused).toMatchObject({ code: 3, error: { code: 'BUCKET_NOT_FOUND' } })
      expect(refused.error?.hint).toMatch(/aws s3 mb s3:\/\/elsewhere/)
      await elsewhere.s3.send(new CreateBucketCommand({ Bucket: 'elsewhere' }))
      await elsewhere.person.done(put)
    } finally {
      await elsewhere.close()
    }
  })
})

it('an object that does not exist is exit 3', async () => {
  await stage.person.done(['put', 'first', 's3://consent/there', '--mode', 'sse-s3'])
  const refused = await stage.person.coffer(['get', 's3://consent/not-there', 'not-there'])
  expect(refused).toMatchObject({ code: 3, error: { code: 'OBJECT_NOT_FOUND' } })
})
