import { GenerateDataKeyCommand } from '@aws-sdk/client-kms'
import {
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MODE_IDS } from '../../electron/base/mode-names.ts'
import { filesBelow, noise, writeFiles } from '../support/files.ts'
import { findAny, formsOf, runFinder } from '../support/needles.ts'
import { recordingProxy } from '../support/proxy.ts'
import { believe, stageComputer, stageMoto } from '../support/servers.ts'
import type { ComputerStage } from '../support/servers.ts'

const BUCKET = 'rest'
const MIB = 1024 * 1024
const small = noise(70_000, 'at rest, small')
const large = noise(9 * MIB + 3, 'at rest, large')
const findPlaintext = runFinder(Buffer.concat([small, large]))

let stage: ComputerStage
let kmsKey = ''
/** Of SSE-C: the one that the server gets to see. */
let customerKey = Buffer.alloc(0)

beforeAll(async () => {
  stage = await stageComputer({ resident: true })
  const { person } = stage
  await writeFiles(person.folder, { 'files/small': small, 'files/large': large })
  kmsKey = (await person.done(['kms', 'create']))[0]?.keyId ?? ''
  for (const mode of ['cse-c', 'sse-c']) await person.done(['key', 'new', mode, '--no-kit'])
  await person.done(['key', 'export', 'sse-c', 'exported'])
  customerKey = Buffer.from((await readFile(join(person.folder, 'exported'), 'utf8')).trim(), 'base64')
})
afterAll(() => stage.close())

const keyOf = (mode: string): string[] => {
  if (mode.endsWith('kms')) return ['--key', kmsKey]
  return mode.endsWith('-c') ? ['--key', mode] : []
}

/** The paths of a snapshot in which something is found. */
const foundIn = (files: Map<string, Buffer>, find: (bytes: Buffer) => unknown): string[] =>
  [...files].filter(([, bytes]) => find(bytes)).map(([path]) => path)

async function snapshot(folder: string): Promise<Map<string, Buffer>> {
  const paths = await filesBelow(folder)
  return new Map(await Promise.all(paths.map(async (path) => [path, await readFile(join(folder, path))] as const)))
}

describe("This computer's data folder", () => {
  let disk: Map<string, Buffer>

  beforeAll(async () => {
    for (const mode of MODE_IDS) {
      const put = ['put', 'files', `s3://${BUCKET}/${mode}/`, '--mode', mode, ...keyOf(mode)]
      expect(await stage.person.done(put)).toHaveLength(2)
    }
    const to = { Bucket: BUCKET, Key: 'unfinished', ...sseC(customerKey) }
    const { UploadId } = await stage.s3.send(new CreateMultipartUploadCommand(to))
    await stage.s3.send(new UploadPartCommand({ ...to, UploadId, PartNumber: 1, Body: large.subarray(0, 6 * MIB) }))
    disk = await snapshot(stage.computer.dataDir)
  })

  it('holds every object of every mode, and an upload that is not complete yet', () => {
    const bytes = [...disk.values()].reduce((sum, { length }) => sum + length, 0)
    expect(bytes).toBeGreaterThan(MODE_IDS.length * (large.length + small.length) + 6 * MIB)
  })

  it('holds no 16 bytes of the plaintext', () => {
    expect(foundIn(disk, findPlaintext)).toEqual([])
  })

  it('holds the SSE-C key in no form, and it does open the object', async () => {
    const get = new GetObjectCommand({ Bucket: BUCKET, Key: 'sse-c/files/small', ...sseC(customerKey) })
    const answer = await stage.s3.send(get)
    expect(small.equals((await answer.Body?.transformToByteArray()) ?? Buffer.alloc(0))).toBe(true)
    expect(foundIn(disk, findAny(formsOf(customerKey)))).toEqual([])
  })

  it('holds neither a KMS data key nor the credentials in any form', async () => {
    const made = await stage.kms.send(new GenerateDataKeyCommand({ KeyId: kmsKey, KeySpec: 'AES_256' }))
    const dataKey = Buffer.from(made.Plaintext ?? [])
    expect(dataKey).toHaveLength(32)
    const secrets = [...formsOf(dataKey), ...formsOf(Buffer.from(stage.computer.secretAccessKey))]
    expect(foundIn(await snapshot(stage.computer.dataDir), findAny(secrets))).toEqual([])
  })
})

it("Coffer's own folder holds neither plaintext nor keys nor credentials", async () => {
  const secrets = [...formsOf(customerKey), ...formsOf(Buffer.from(stage.computer.secretAccessKey))]
  await stage.person.done(['get', `s3://${BUCKET}/cse-c/files/small`, 'back'])
  const home = join(stage.person.folder, 'home')
  const state = await snapshot(home)
  expect(state.size).toBeGreaterThan(0)
  expect(foundIn(state, findAny(secrets))).toEqual([])
  expect(foundIn(state, findPlaintext)).toEqual([])
})

function sseC(key: Buffer): { SSECustomerAlgorithm: 'AES256'; SSECustomerKey: string; SSECustomerKeyMD5: string } {
  return {
    SSECustomerAlgorithm: 'AES256',
    SSECustomerKey: key.toString('base64'),
    SSECustomerKeyMD5: createHash('md5').update(key).digest('base64'),
  }
}

describe.each([
  ['This computer', stageComputer],
  ['moto', stageMoto],
])('the wire to %s', (_, stageServer) => {
  it('carries no plaintext and no customer key in the client-side modes, and does in SSE-S3', async () => {
    const server = await stageServer()
    const proxy = await recordingProxy(server.endpoint)
    try {
      const { person } = server
      believe(person, proxy.url)
      const env = {
        AWS_ACCESS_KEY_ID: server.awsEnv['AWS_ACCESS_KEY_ID'],
        AWS_SECRET_ACCESS_KEY: server.awsEnv['AWS_SECRET_ACCESS_KEY'],
      }
      const options = ['--endpoint-url', proxy.url, '--kms-endpoint-url', server.endpoint, '--region', 'us-east-1']
      await writeFiles(person.folder, { 'files/small': small, 'files/large': large })
      await person.done(['key', 'new', 'wired', '--no-kit'])
      await person.done(['key', 'export', 'wired', 'exported'])
      const wired = Buffer.from((await readFile(join(person.folder, 'exported'), 'utf8')).trim(), 'base64')
      const [kms] = await person.done(['kms', 'create', ...options], { env })
      await server.s3.send(new CreateBucketCommand({ Bucket: 'wire' }))

      const through = async (mode: string, key: string[]): Promise<void> => {
        await person.done(['put', 'files', `s3://wire/${mode}/`, '--mode', mode, ...key, ...options], { env })
        const got = await person.done(['get', `s3://wire/${mode}/`, `back-${mode}/`, ...options], { env })
        expect(got).toHaveLength(2)
      }
      const crossed = (): Buffer[] => proxy.recordings().flatMap(({ sent, received }) => [sent, received])

      await through('cse-c', ['--key', 'wired'])
      await through('cse-kms', ['--key', kms?.keyId ?? ''])
      const bytes = crossed().reduce((sum, wire) => sum + wire.length, 0)
      expect(bytes, 'both went both ways').toBeGreaterThan(4 * large.length)
      expect(crossed().map(findPlaintext).filter(Boolean)).toEqual([])
      expect(crossed().filter(findAny(formsOf(wired)))).toEqual([])

      await through('sse-s3', [])
      expect(crossed().map(findPlaintext).filter(Boolean), 'the proxy would have seen it').not.toEqual([])
    } finally {
      await proxy.close()
      await server.close()
    }
  })
})
