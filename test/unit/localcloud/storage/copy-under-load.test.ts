import { createHash, randomBytes } from 'node:crypto'
import { cp, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { DeleteObjectCommand, GetObjectCommand, ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { startLocalServer, type LocalServer } from '../../../support/local-server.ts'
import { LARGE, VaultFolder } from './vault-folder.ts'

const Bucket = 'load'
const WRITERS = 3
/** Few, so that most writes overwrite something. */
const KEYS = 6

/** What happened to a key, oldest first: the hash of a content, or `absent`. */
interface History {
  states: string[]
  /** The states up to here were acknowledged. */
  acknowledged: number
}

let vault: VaultFolder
let stopping: AbortController
let writers: Promise<void>[]
let histories: Map<string, History>

beforeEach(async () => {
  vault = new VaultFolder()
  await vault.start()
  await vault.bucket(Bucket)
  histories = new Map()
  stopping = new AbortController()
  writers = Array.from({ length: WRITERS }, (_, writer) => write(writer))
  while (histories.size < WRITERS * KEYS) await sleep(20)
})
afterEach(async () => {
  stopping.abort()
  await Promise.all(writers)
  await vault.remove()
})

/** Puts small and large objects over one another, in two modes, and deletes some, until it is told to stop. */
async function write(writer: number): Promise<void> {
  const { s3 } = vault.server
  for (let round = 0; !stopping.signal.aborted; round++) {
    const Key = `${String(writer)}/${String(round % KEYS)}`
    const history = histories.get(Key) ?? { states: ['absent'], acknowledged: 0 }
    histories.set(Key, history)
    if (round % 7 === 6) {
      history.states.push('absent')
      await s3.send(new DeleteObjectCommand({ Bucket, Key }))
    } else {
      const Body = randomBytes(round % 3 === 0 ? 2000 : LARGE)
      history.states.push(hashOf(Body))
      const mode = round % 5 === 0 ? { ServerSideEncryption: 'aws:kms' as const } : {}
      await s3.send(new PutObjectCommand({ Bucket, Key, Body, ...mode }))
    }
    history.acknowledged = history.states.length - 1
    // The copy is made by the same thread, and has to come to an end.
    await sleep(10)
  }
}

const hashOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/** Copies the folder's entries in this order, as different programs do. */
async function copyFolder(
  order: (names: string[]) => string[],
  inside: (names: string[]) => string[],
): Promise<string> {
  const copy = await mkdtemp(join(tmpdir(), 'coffer-copy-'))
  for (const name of order(await readdir(vault.dataDir))) {
    if (name !== 'objects') await copyEntry(vault.file(name), join(copy, name))
    else {
      for (const folder of inside(await readdir(vault.file('objects')))) {
        await copyEntry(vault.file('objects', folder), join(copy, 'objects', folder))
      }
    }
  }
  return copy
}

/** A file that is gone by the time it is to be copied is left out, as cp and rsync do. */
async function copyEntry(from: string, to: string): Promise<void> {
  const copyAgain = async (): Promise<void> => {
    try {
      await cp(from, to, { recursive: true })
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
      await copyAgain()
    }
  }
  await copyAgain()
}

const forwards = (names: string[]): string[] => names.sort()
const backwards = (names: string[]): string[] => names.sort().reverse()

it.each([
  ['the log after the content, the index last', forwards, forwards],
  ['the log before the content, the index last', forwards, backwards],
  ['the index first, the log before the content', backwards, backwards],
  ['the index first, the log after the content', backwards, forwards],
])('a copy made under load has every object that was acknowledged before: %s', async (_what, order, inside) => {
  const before = new Map([...histories].map(([key, { acknowledged }]) => [key, acknowledged]))
  const dataDir = await copyFolder(order, inside)
  const copy = await startLocalServer({ dataDir, rootKey: vault.rootKey })
  expect(copy.notices.map(({ code }) => code)).toEqual(['INDEX_REBUILT'])
  await expectAll(copy, before)
  await copy.close()
  const again = await startLocalServer({ dataDir, rootKey: vault.rootKey, rebuild: true })
  await expectAll(again, before)
  await again.close()
  await rm(dataDir, { recursive: true })
})

/** What is listed reads back, and each key has what it had when the copy began, or later. */
async function expectAll({ s3 }: LocalServer, before: ReadonlyMap<string, number>): Promise<void> {
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket }))
  const listed = new Map<string, string>()
  for (const { Key = '' } of Contents) {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }))
    listed.set(Key, hashOf((await Body?.transformToByteArray()) ?? new Uint8Array()))
  }
  for (const [key, acknowledged] of before) {
    const allowed = histories.get(key)?.states.slice(acknowledged)
    expect(allowed, key).toContain(listed.get(key) ?? 'absent')
  }
}
