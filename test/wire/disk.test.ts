import { chmod, chown, mkdir, readFile, rename, rm, truncate, utimes, writeFile, appendFile } from 'node:fs/promises'
import { join } from 'node:path'
import { CreateBucketCommand, HeadObjectCommand, ListMultipartUploadsCommand, type S3Client } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { newPerson, outcomeOf, type Outcome, type Person } from '../support/coffer.ts'
import { awsEnv } from '../support/computer.ts'
import { noise } from '../support/files.ts'
import { startLocalCloud, type LocalCloud } from '../support/localcloud.ts'
import { run, start } from '../support/run.ts'
import { awsClients } from '../support/servers.ts'
import { gaugeBefore, type Gauge } from './gauge.ts'
import { namesIn } from './lab.ts'

const MiB = 1024 * 1024
const SIZE = 17 * MiB
const BUCKET = 'disk'
const content = noise(SIZE, 'disk')

let cloud: LocalCloud
let gauge: Gauge
let person: Person
let s3: S3Client
let options: string[]

beforeAll(async () => {
  cloud = await startLocalCloud()
  gauge = await gaugeBefore(cloud.endpoint, 16 * MiB)
  const env = awsEnv(cloud.endpoint, cloud.endpoint, cloud.region, cloud.accessKeyId, cloud.secretAccessKey)
  person = await newPerson({ ...env, AWS_ENDPOINT_URL_S3: undefined, AWS_ENDPOINT_URL_KMS: undefined })
  options = ['--endpoint-url', gauge.url, '--kms-endpoint-url', gauge.url, '--region', cloud.region]
  await person.done(['key', 'new', 'own', '--no-kit'])
  ;({ s3 } = awsClients(env))
  await s3.send(new CreateBucketCommand({ Bucket: BUCKET }))
  await writeFile(join(person.folder, 'there'), content)
  await person.done(['put', 'there', `s3://${BUCKET}/there`, '--mode', 'cse-c', '--key', 'own', ...options])
})
afterAll(async () => {
  s3.destroy()
  await gauge.close()
  await cloud.stop()
  await person.remove()
})

/** Runs a command, and does something to the disk while its contents are on the way. */
async function meanwhile(args: string[], act: () => Promise<void>): Promise<Outcome> {
  const half = gauge.passed(SIZE / 3)
  const running = person.start([...args, ...options])
  const acted = half.then(act)
  const ended = await running.ended
  await acted
  return outcomeOf(ended)
}

const GET = (into: string): string[] => ['get', `s3://${BUCKET}/there`, into]

test('a disk that fills up during a download: DISK_FULL, what was there stays, and nothing half is left', async () => {
  const disk = join(person.folder, 'small')
  await mkdir(disk)
  const mounted = await run('mount', ['-t', 'tmpfs', '-o', 'size=12m', 'tmpfs', disk])
  if (mounted.code !== 0) {
    console.log(`A full disk is not tried: mounting one is not allowed here (${mounted.stderr.trim()})`)
    return
  }
  try {
    await writeFile(join(disk, 'old'), 'what was there')
    for (const args of [GET(join(disk, 'new')), [...GET(join(disk, 'old')), '--overwrite']]) {
      const { code, error } = await person.coffer([...args, ...options])
      expect({ code, name: error?.code }).toEqual({ code: 1, name: 'DISK_FULL' })
      expect(error?.hint).toMatch(/space/)
      expect(error?.message).toMatch(/17\.0 MiB is needed there, and [\d.]+ .?i?B is free/)
      expect(await namesIn(disk)).toEqual(['old'])
      expect(await readFile(join(disk, 'old'), 'utf8')).toBe('what was there')
    }
  } finally {
    await run('umount', ['-l', disk])
  }
})

test('a full disk below the home: each command says DISK_FULL, and what is there is there afterwards', async () => {
  const home = join(person.folder, 'small-home')
  await mkdir(home)
  const mounted = await run('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', home])
  if (mounted.code !== 0) {
    console.log(`A full home is not tried: mounting one is not allowed here (${mounted.stderr.trim()})`)
    return
  }
  const there = ['--home', home]
  const env = { COFFER_PASSPHRASE_FILE: join(person.folder, 'passphrase') }
  try {
    await writeFile(env.COFFER_PASSPHRASE_FILE, 'a passphrase of this test\n')
    await person.done(['key', 'new', 'kept', '--no-kit', ...there], { env })
    await writeFile(join(home, 'fill'), noise(3 * MiB, 'fill')).catch(() => undefined)
    for (const args of [
      ['key', 'list'],
      ['key', 'new', 'other', '--no-kit'],
      ['ls', `s3://${BUCKET}/`, ...options],
    ]) {
      const { code, error } = await person.coffer([...args, ...there], { env })
      expect({ args, code, name: error?.code }).toEqual({ args, code: 1, name: 'DISK_FULL' })
      expect(error?.message).toMatch(/needed there, and 0 B is free/)
    }
    await rm(join(home, 'fill'))
    expect((await person.done(['key', 'list', ...there], { env })).map(({ name }) => name)).toEqual(['kept'])
  } finally {
    await run('umount', ['-l', home])
  }
})

test.skipIf(process.platform !== 'linux')('a destination or a home below /proc ends in words', async () => {
  const got = await person.coffer(['get', `s3://${BUCKET}/there`, '/proc/coffer/there', ...options])
  expect(got).toMatchObject({ code: 3, error: { code: 'FILE_NOT_FOUND' } })
  const listed = await person.coffer(['key', 'list', '--home', '/proc/coffer/home'])
  expect(listed).toMatchObject({ code: 1, error: { code: 'LOCAL_IO' } })
})

test('a home that is removed while a file is put: the file is there, and the command says what is lost', async () => {
  const home = join(person.folder, 'removed-home')
  const put = ['put', 'there', `s3://${BUCKET}/removed-home`, '--mode', 'sse-s3', '--home', home]
  const { code, error } = await meanwhile(put, () => rm(home, { recursive: true }))
  expect({ code, name: error?.code }).toEqual({ code: 1, name: 'LOCAL_IO' })
  expect(error?.message).toContain(home)
  await s3.send(new HeadObjectCommand({ Bucket: BUCKET, Key: 'removed-home' }))
})

test('a destination that appears during a download stays as it is: ALREADY_EXISTS, and nothing is left beside it', async () => {
  const folder = await freshFolder('appears')
  const path = join(folder, 'file')
  const { code, error } = await meanwhile(GET(path), () => writeFile(path, 'somebody else’s'))
  expect({ code, name: error?.code }).toEqual({ code: 8, name: 'ALREADY_EXISTS' })
  expect(await namesIn(folder)).toEqual(['file'])
  expect(await readFile(path, 'utf8')).toBe('somebody else’s')
})

test('a folder that is removed during a download: FILE_NOT_FOUND, and it is not made again', async () => {
  const folder = await freshFolder('removed')
  const { code, error } = await meanwhile(GET(join(folder, 'file')), () => rm(folder, { recursive: true }))
  expect({ code, name: error?.code }).toEqual({ code: 3, name: 'FILE_NOT_FOUND' })
  expect(error?.hint).not.toBe('')
  expect(await namesIn(person.folder)).not.toContain('removed')
})

test('a folder that is moved away during a download: FILE_NOT_FOUND, and the half is not taken for the file', async () => {
  const folder = await freshFolder('moved')
  const { code, error } = await meanwhile(GET(join(folder, 'file')), () => rename(folder, `${folder}-away`))
  expect({ code, name: error?.code }).toEqual({ code: 3, name: 'FILE_NOT_FOUND' })
  expect(await namesIn(`${folder}-away`)).not.toContain('file')
})

const SPOILS: { what: string; mode: string[]; act: (path: string) => Promise<void> }[] = [
  { what: 'shrinks', mode: ['sse-s3'], act: (path) => truncate(path, SIZE / 2) },
  { what: 'grows', mode: ['cse-c', '--key', 'own'], act: (path) => appendFile(path, 'more') },
  { what: 'is overwritten', mode: ['sse-s3'], act: (path) => writeFile(path, noise(3 * SIZE, 'over')) },
  {
    what: 'is made shorter, and its time is put back',
    mode: ['cse-c', '--key', 'own'],
    act: async (path) => {
      await writeFile(path, noise(SIZE, 'over'))
      await utimes(path, 1_000, 1_000)
    },
  },
]

test.each(SPOILS)('a file that $what during its upload: CHANGED_WHILE_READ, and nothing is stored', async (spoil) => {
  const name = spoil.what.replaceAll(/\W+/g, '-')
  const path = join(person.folder, name)
  // Longer than what is read ahead.
  await writeFile(path, noise(3 * SIZE, name))
  await utimes(path, 1_000, 1_000)
  const put = ['put', path, `s3://${BUCKET}/${name}`, '--mode', ...spoil.mode]
  const { code, error } = await meanwhile(put, () => spoil.act(path))
  expect({ code, name: error?.code }).toEqual({ code: 1, name: 'CHANGED_WHILE_READ' })
  expect(error?.hint).toMatch(/again/)
  await expectNothing(name)
})

test.each([
  { what: 'removed', act: (path: string) => rm(path) },
  { what: 'replaced by another', act: (path: string) => replaceBy(path, noise(SIZE, 'other')) },
])('a file that is $what during its upload: what was opened is stored, whole', async ({ what, act }) => {
  const path = join(person.folder, what)
  await writeFile(path, content)
  const { code } = await meanwhile(['put', path, `s3://${BUCKET}/${what}`, '--mode', 'sse-s3'], () => act(path))
  expect(code).toBe(0)
  const back = join(person.folder, `${what}, back`)
  await person.done(['get', `s3://${BUCKET}/${what}`, back, ...options])
  expect((await readFile(back)).equals(content)).toBe(true)
})

test('what the person may not read or write: LOCAL_IO with the path, and nothing is done', async () => {
  if (process.getuid?.() !== 0) {
    console.log('Permissions of another user are not tried: that needs root, to become one')
    return
  }
  const nobody = 65_534
  const folder = await freshFolder('forbidden')
  const home = join(folder, 'home')
  await mkdir(home)
  await writeFile(join(folder, 'secret'), 'not for you')
  await chmod(join(folder, 'secret'), 0o000)
  await mkdir(join(folder, 'closed'), { mode: 0o555 })
  for (const path of [folder, home, join(folder, 'secret'), join(folder, 'closed')]) await chown(path, nobody, nobody)
  await chmod(person.folder, 0o711)

  const asNobody = async (args: string[]): Promise<Outcome> => {
    const privileges = ['--reuid', String(nobody), '--regid', String(nobody), '--clear-groups', '--']
    const program = [process.execPath, 'dist/cli.js', ...args, ...options, '--json']
    const env = { ...person.env, COFFER_HOME: home, HOME: home }
    return outcomeOf(await start('setpriv', [...privileges, ...program], { env }).ended)
  }
  await person.done(['put', join(person.folder, 'there'), `s3://${BUCKET}/plain`, '--mode', 'sse-s3', ...options])

  const unread = await asNobody(['put', join(folder, 'secret'), `s3://${BUCKET}/secret`, '--mode', 'sse-s3'])
  expect({ code: unread.code, name: unread.error?.code }).toEqual({ code: 1, name: 'LOCAL_IO' })
  expect(unread.error?.message).toContain(join(folder, 'secret'))
  await expectNothing('secret')

  const unwritten = await asNobody(['get', `s3://${BUCKET}/plain`, join(folder, 'closed', 'file')])
  expect({ code: unwritten.code, name: unwritten.error?.code }).toEqual({ code: 1, name: 'LOCAL_IO' })
  expect(unwritten.error?.hint).not.toBe('')
  expect(await namesIn(join(folder, 'closed'))).toEqual([])
})

async function freshFolder(name: string): Promise<string> {
  const folder = join(person.folder, name)
  await mkdir(folder)
  return folder
}

async function replaceBy(path: string, bytes: Buffer): Promise<void> {
  await rm(path)
  await writeFile(path, bytes)
}

/** Neither an object nor an upload. */
async function expectNothing(key: string): Promise<void> {
  const head = s3.send(new HeadObjectCommand({ Bucket: BUCKET, Key: key }))
  await expect(head).rejects.toMatchObject({ $metadata: { httpStatusCode: 404 } })
  const { Uploads } = await s3.send(new ListMultipartUploadsCommand({ Bucket: BUCKET, Prefix: key }))
  expect(Uploads ?? []).toEqual([])
}
