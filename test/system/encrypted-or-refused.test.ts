import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { CreateKeyCommand } from '@aws-sdk/client-kms'
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isCofferError } from '../../electron/base/errors.ts'
import { isClientSide, MODE_IDS, type ModeId } from '../../electron/base/mode-names.ts'
import { testServer } from '../../electron/cloud/server-test/server-test.ts'
import { testedBehaviour } from '../../electron/cloud/tested-behaviour.ts'
import type { ModeOptions } from '../../electron/modes/mode.ts'
import { put } from '../../electron/vault/put.ts'
import { openReading, readThrough } from '../../electron/vault/reading.ts'
import { rekey } from '../../electron/vault/rekey.ts'
import { temporaryFolder } from '../support/files.ts'
import { startLyingServer, type LyingServer } from '../support/lying-s3.ts'
import { startMoto } from '../support/moto.ts'
import type { ForeignServer } from '../support/servers/foreign.ts'
import { startRclone, startS3Mock, startVersitygw } from '../support/servers/programs.ts'
import { openTestVault, type TestVault } from '../unit/vault/kit.ts'
import { chunksOf, MiB } from '../unit/transfers/kit.ts'

/*
 * Servers that encrypt nothing, whatever they are asked for and whatever they say. A file that Coffer calls encrypted must not
 * lie there in the clear: it is encrypted on this computer, or refused.
 */

const { signal } = new AbortController()
const BUCKET = 'matrix'
const SERVERS = ['versitygw', 'rclone 1.75.2', 'rclone 1.76.0', 'moto', 'S3Mock', 'one that lies'] as const
type Name = (typeof SERVERS)[number]
const WAYS = ['put', 'multipart', 'copy', 'rekey'] as const
type Way = (typeof WAYS)[number]

interface Subject {
  vault: TestVault
  /** Every stored content that can be looked at from outside of S3. */
  contents(): Promise<Buffer[]>
  stop(): Promise<void>
}

let folder: Awaited<ReturnType<typeof temporaryFolder>>
let kms: ForeignServer
const subjects = {} as Record<Name, Subject>
const keyFor: Partial<Record<Name, Record<ModeId, string | undefined>>> = {}

beforeAll(async () => {
  folder = await temporaryFolder()
  kms = await startMoto()
  await Promise.all(
    SERVERS.map(async (name) => {
      const subject = await open(name)
      subjects[name] = subject
      const { vault } = subject
      await vault.s3.send(new CreateBucketCommand({ Bucket: BUCKET }))
      const { KeyMetadata } = await vault.kms.send(new CreateKeyCommand({}))
      const wrapping = KeyMetadata?.Arn
      const own = async (key: string): Promise<string> => (await vault.keys.create({ name: key })).id
      keyFor[name] = {
        'sse-s3': undefined,
        // Of S3Mock's own: it knows none, and takes none by name.
        'sse-kms': name === 'S3Mock' ? undefined : wrapping,
        'sse-c': await own('sse-c'),
        'cse-kms': wrapping,
        'cse-c': await own('cse-c'),
      }
    }),
  )
})
afterAll(async () => {
  await Promise.all(Object.values(subjects).map((subject) => subject.stop()))
  await kms.stop()
  await folder.remove()
})

async function open(name: Name): Promise<Subject> {
  const own = join(folder.path, name)
  if (name === 'one that lies') return openLiar()
  const starts = {
    versitygw: () => startVersitygw(own),
    'rclone 1.75.2': () => startRclone(own, '1.75.2'),
    'rclone 1.76.0': () => startRclone(own, '1.76.0'),
    moto: () => startMoto(),
    S3Mock: () => startS3Mock(own),
  }
  const server = await starts[name]()
  const vault = await openTestVault({ ...server.connection, kmsEndpoint: kms.endpoint })
  return {
    vault,
    contents: () => (server.disk === undefined ? storedIn(vault) : filesIn(server.disk)),
    async stop() {
      await vault.end()
      await server.stop()
    },
  }
}

/** It says of everything that it did it, and gives what is under a key to whoever has none. */
async function openLiar(): Promise<Subject> {
  const server: LyingServer = await startLyingServer({
    encryption: { put: 'echoed', multipart: 'echoed', copy: 'echoed' },
    claimsAnything: true,
  })
  const vault = await openTestVault({ ...server.connection, kmsEndpoint: kms.endpoint })
  return {
    vault,
    contents: () => Promise.resolve([...server.objects.values()].flat().map(({ body }) => body)),
    async stop() {
      await vault.end()
      await server.close()
    },
  }
}

async function filesIn(disk: string): Promise<Buffer[]> {
  const entries = await readdir(disk, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile())
  return Promise.all(files.map((entry) => readFile(join(entry.parentPath, entry.name))))
}

/** Moto has no disk. It encrypts nothing, so that what it gives is what it has. */
async function storedIn({ s3 }: TestVault): Promise<Buffer[]> {
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: BUCKET }))
  return Promise.all(Contents.map(({ Key = '' }) => rawContent(s3, Key)))
}

async function rawContent(s3: TestVault['s3'], Key: string): Promise<Buffer> {
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: BUCKET, Key }))
  return Buffer.from((await Body?.transformToByteArray()) ?? [])
}

function optionsFor(name: Name, mode: ModeId): ModeOptions {
  const key = keyFor[name]?.[mode]
  return key === undefined ? {} : { key }
}

async function putMarked(name: Name, key: string, mode: ModeId, content: Buffer, vault = subjects[name].vault) {
  const source = { size: content.length, mtimeMs: 1_000, fileMode: 0o640, read: () => chunksOf(content) }
  const request = { source, bucket: BUCKET, key, mode, options: optionsFor(name, mode), overwrite: 'refuse' as const }
  return put(vault, request, { signal })
}

async function rekeyTo(name: Name, key: string, mode: ModeId) {
  const request = { bucket: BUCKET, key, mode, from: {}, to: optionsFor(name, mode) }
  return rekey(subjects[name].vault, request, { signal })
}

/** What lies there before a file is re-keyed: plain, or under the other kind of key. */
async function prepare(name: Name, key: string, mode: ModeId, way: Way, content: Buffer): Promise<boolean> {
  const { vault } = subjects[name]
  if (way !== 'copy' && way !== 'rekey') return false
  if (way === 'rekey' && mode !== 'cse-c') {
    await putMarked(name, key, 'cse-c', content)
    return false
  }
  await vault.s3.send(new PutObjectCommand({ Bucket: BUCKET, Key: key, Body: content }))
  return true
}

async function readBack(name: Name, key: string): Promise<Buffer> {
  const { vault } = subjects[name]
  const pieces: Buffer[] = []
  const reading = await openReading(vault, { bucket: BUCKET, key, options: {} }, signal)
  await readThrough(vault, reading, (piece) => void pieces.push(Buffer.from(piece)), { signal, checksum: false })
  reading.plan.dispose()
  return Buffer.concat(pieces)
}

async function keys(name: Name): Promise<string[]> {
  const { Contents = [] } = await subjects[name].vault.s3.send(new ListObjectsV2Command({ Bucket: BUCKET }))
  return Contents.map(({ Key = '' }) => Key)
}

async function cell(name: Name, mode: ModeId, way: Way, key: string): Promise<void> {
  const marker = Buffer.from(`a plain file: ${name}, ${key}. `)
  const content = Buffer.alloc(way === 'multipart' ? 8 * MiB + 1 : 1_000, marker)
  const wasPlain = await prepare(name, key, mode, way, content)
  const isNew = way === 'put' || way === 'multipart'
  const refusal = await (isNew ? putMarked(name, key, mode, content) : rekeyTo(name, key, mode)).then(
    () => null,
    (error: unknown) => error,
  )
  const inTheClear = (await subjects[name].contents()).filter((each) => each.includes(marker))
  if (refusal === null) {
    expect(inTheClear).toEqual([])
    expect((await readBack(name, key)).equals(content)).toBe(true)
    expect(isClientSide(mode)).toBe(true)
    return
  }
  expect(isCofferError(refusal) ? refusal.code : refusal).toBe(refusalsOf(name, mode))
  expect(await keys(name)).toEqual(isNew ? [] : [key])
  if (!isNew) expect((await readBack(name, key)).equals(content)).toBe(true)
  expect(inTheClear).toHaveLength(wasPlain ? 1 : 0)
}

/** rclone 1.76.0 itself says that it does not offer these. */
function refusalsOf(name: Name, mode: ModeId): string {
  return name === 'rclone 1.76.0' && (mode === 'sse-kms' || mode === 'sse-c') ? 'UNSUPPORTED' : 'NOT_ENCRYPTED'
}

const CELLS = MODE_IDS.flatMap((mode) => WAYS.map((way) => [mode, way] as const))

describe.each(SERVERS)('%s, untested', (name) => {
  test.each(CELLS)('%s by %s: encrypted, or refused', async (mode, way) => {
    const key = `${mode}-${way}`
    try {
      await cell(name, mode, way, key)
    } finally {
      await subjects[name].vault.s3.send(new DeleteObjectCommand({ Bucket: BUCKET, Key: key }))
    }
  })
})

describe.each(SERVERS)('%s, once it was tested,', (name) => {
  test('is sent nothing that it would not encrypt', async () => {
    const { vault } = subjects[name]
    const { findings } = await testServer({ s3: vault.s3, kms: vault.kms, bucket: BUCKET, kind: 'foreign' }, signal)
    const tested: TestVault = { ...vault, server: { ...vault.server, tested: testedBehaviour(findings) } }
    for (const mode of MODE_IDS.filter((each) => !isClientSide(each))) {
      await expect(putMarked(name, mode, mode, Buffer.from('plain'), tested)).rejects.toMatchObject({
        code: 'NOT_ENCRYPTED',
        message: expect.stringContaining('Nothing was sent') as string,
      })
    }
    await putMarked(name, 'sealed', 'cse-c', Buffer.from('plain'), tested)
    // The one that forgets metadata gets the envelope as a file.
    expect(await keys(name)).toEqual(name === 'rclone 1.75.2' ? ['sealed', 'sealed.instruction'] : ['sealed'])
  })
})
