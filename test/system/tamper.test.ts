import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { readdirSync } from 'node:fs'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { filesBelow, noise, writeFiles } from '../support/files.ts'
import type { Outcome } from '../support/coffer.ts'
import { stageComputer } from '../support/servers.ts'
import type { ComputerStage } from '../support/servers.ts'

const BUCKET = 'tamper'
const MIB = 1024 * 1024
const SIZES = { small: 1000, large: 9 * MIB + 5 }
const CLIENT_SIDE = ['cse-kms', 'cse-c'] as const
const SERVER_SIDE = ['sse-s3', 'sse-kms', 'sse-c'] as const

const small = noise(SIZES.small, 'tamper small')
let stage: ComputerStage
let kmsKey = ''

beforeAll(async () => {
  stage = await stageComputer({ resident: true })
  const { person } = stage
  await writeFiles(person.folder, {
    'files/small': small,
    'files/large': noise(SIZES.large, 'tamper large'),
  })
  kmsKey = (await person.done(['kms', 'create']))[0]?.keyId ?? ''
  for (const name of ['sse-c', 'cse-c', 'other']) await person.done(['key', 'new', name, '--no-kit'])
  for (const mode of [...CLIENT_SIDE, ...SERVER_SIDE]) {
    const key = mode.endsWith('kms') ? ['--key', kmsKey] : mode.endsWith('-c') ? ['--key', mode] : []
    await person.done(['put', 'files', `s3://${BUCKET}/${mode}/`, '--mode', mode, ...key])
  }
})
afterAll(() => stage.close())

interface Raw {
  body: Buffer
  metadata: Record<string, string>
}

async function fetchRaw(key: string): Promise<Raw> {
  const answer = await stage.s3.send(new GetObjectCommand({ Bucket: BUCKET, Key: key }))
  return { body: Buffer.from((await answer.Body?.transformToByteArray()) ?? []), metadata: answer.Metadata ?? {} }
}

async function store(key: string, { body, metadata }: Raw): Promise<void> {
  await stage.s3.send(new PutObjectCommand({ Bucket: BUCKET, Key: key, Body: body, Metadata: metadata }))
}

/** Gets over an older file, with consent, and tells what became of the folder and of that file. */
async function get(key: string, options: string[] = []): Promise<Outcome & { left: string[]; old: string }> {
  const folder = join(stage.person.folder, 'into')
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder)
  await writeFile(join(folder, 'existing'), 'an older file')
  const args = ['get', `s3://${BUCKET}/${key}`, 'into/existing', '--overwrite', ...options]
  const outcome = await stage.person.coffer(args)
  return { ...outcome, left: readdirSync(folder), old: await readFile(join(folder, 'existing'), 'utf8') }
}

function expectRefused(outcome: Awaited<ReturnType<typeof get>>, exits = [5, 6]): void {
  expect(exits, outcome.stderr + outcome.stdout).toContain(outcome.code)
  expect(outcome.error?.message.length).toBeGreaterThan(10)
  expect(outcome.error?.hint.length).toBeGreaterThan(10)
  expect(outcome.left, 'nothing new at the destination').toEqual(['existing'])
  expect(outcome.old).toBe('an older file')
}

const flipped = (bytes: Buffer, at: number): Buffer => {
  const copy = Buffer.from(bytes)
  copy[at] = (copy[at] ?? 0) ^ 1
  return copy
}

/** What is refused, and that nothing of it stays, test/security tries systematically; here is what a person gets to see of it. */
describe.each(CLIENT_SIDE)('%s', (mode) => {
  it('a changed byte: exit 5, and no file', async () => {
    const raw = await fetchRaw(`${mode}/files/small`)
    await store('changed', { ...raw, body: flipped(raw.body, 5) })
    expectRefused(await get('changed'), [5])
  })

  it('a changed object: nothing is made where no file was, and verify says the same', async () => {
    const raw = await fetchRaw(`${mode}/files/large`)
    await store('changed', { ...raw, body: flipped(raw.body, MIB) })
    const refused = await stage.person.coffer(['get', `s3://${BUCKET}/changed`, 'fresh/file'])
    expect(refused.code).toBe(5)
    expect(
      await filesBelow(stage.person.folder).then((files) => files.filter((name) => name.includes('fresh'))),
    ).toEqual([])
    expect((await stage.person.coffer(['verify', `s3://${BUCKET}/changed`])).code).toBe(5)
  })

  it('a wrapped key and a commitment of another object: exit 5 or 6, and no file', async () => {
    const raw = await fetchRaw(`${mode}/files/small`)
    const { metadata: other } = await fetchRaw(`${mode}/files/large`)
    for (const name of ['x-amz-3', 'x-amz-d', 'x-amz-i']) {
      await store('changed', { ...raw, metadata: { ...raw.metadata, [name]: other[name] ?? '' } })
      expectRefused(await get('changed'))
    }
  })

  it('an object that lost its envelope where Coffer had put it: exit 5, and no file', async () => {
    const key = `${mode}/files/small`
    const raw = await fetchRaw(key)
    await store(key, { body: Buffer.from('words of the attacker'), metadata: {} })
    expectRefused(await get(key), [5])
    expect((await stage.person.coffer(['inspect', `s3://${BUCKET}/${key}`])).code).toBe(5)
    expectRefused(await get(key, ['--allow-legacy']), [5])
    await store(key, raw)
    expect((await get(key)).code).toBe(0)
  })
})

describe('the wrong key', () => {
  it.each(['sse-c', 'cse-c'])('%s: exit 5 or 6, clear words, and no file', async (mode) => {
    const outcome = await get(`${mode}/files/small`, ['--key', 'other'])
    expectRefused(outcome)
    expect(outcome.error?.message).toMatch(/key/i)
  })

  it.each(['sse-c', 'cse-c'])('%s: a key that this machine does not have is named with exit 6', async (mode) => {
    const outcome = await get(`${mode}/files/small`, ['--key', 'never-made'])
    expectRefused(outcome, [6])
    expect(outcome.error?.message).toMatch(/never-made/)
  })
})

describe('damage on the disk of This computer', () => {
  it.each(SERVER_SIDE)('%s: one changed byte is noticed, and no file is written', async (mode) => {
    const damaged = await damageStored(SIZES.large)
    try {
      expect(damaged.paths.length, 'the data folder holds the large objects as files').toBeGreaterThan(0)
      expectRefused(await get(`${mode}/files/large`), [5, 7])
      const verified = await stage.person.coffer(['verify', `s3://${BUCKET}/${mode}/files/large`])
      expect([5, 7]).toContain(verified.code)
    } finally {
      await damaged.undo()
    }
    expect((await stage.person.coffer(['verify', `s3://${BUCKET}/${mode}/files/large`])).code).toBe(0)
  })
})

/** Flips one bit in the middle of every stored file that could hold an object of this size, or one of its parts. */
async function damageStored(size: number): Promise<{ paths: string[]; undo: () => Promise<void> }> {
  const { dataDir } = stage.computer
  const undo: (() => Promise<void>)[] = []
  const paths: string[] = []
  for (const path of await filesBelow(dataDir)) {
    const bytes = await readFile(join(dataDir, path))
    if (/sqlite|\.db/.test(path) || bytes.length < MIB || bytes.length > size * 1.1) continue
    await writeFile(join(dataDir, path), flipped(bytes, bytes.length >> 1))
    paths.push(path)
    undo.push(() => writeFile(join(dataDir, path), bytes))
  }
  return {
    paths,
    async undo() {
      for (const step of undo) await step()
    },
  }
}
