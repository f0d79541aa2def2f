import { KMSClient } from '@aws-sdk/client-kms'
import { createPrivateKey } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseInstruction } from '../../../electron/envelope/instruction.ts'
import type { ModeEnv } from '../../../electron/modes/mode.ts'
import type { Golden, GoldenObject } from '../../interop/golden.ts'
import { factsOf, offline, read, rejection } from './support.ts'

const path = join(import.meta.dirname, '../../fixtures/s3ec-clients.json')
const golden = JSON.parse(readFileSync(path, 'utf8')) as Golden
const plaintext = Buffer.from(golden.plaintext, 'base64')

const isWeak = ({ format, place }: GoldenObject) => format === 'v2' && place === 'instruction'

describe('objects that Amazon’s own clients for Java, Python and Ruby wrote', () => {
  let env: ModeEnv
  let server: Server

  beforeAll(async () => {
    const { env: surroundings, keys } = offline()
    keys.addAes('aes', Buffer.from(golden.aesKey, 'base64'))
    keys.addRsa('rsa', createPrivateKey(golden.rsaKey))
    server = await replayKms()
    const { port } = server.address() as AddressInfo
    const kms = new KMSClient({
      region: 'us-east-1',
      endpoint: `http://127.0.0.1:${port}`,
      credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
      maxAttempts: 1,
    })
    env = { ...surroundings, kms }
  })
  afterAll(() => server.close())

  const factsFor = ({ metadata, instruction, body }: GoldenObject) => {
    const beside = instruction === undefined ? null : parseInstruction(Buffer.from(instruction))
    return factsOf(metadata, Buffer.from(body, 'base64').length, { instruction: beside ?? undefined })
  }

  it('are all here: each client, format, keyring and place of the envelope', () => {
    const ways = golden.objects.map(({ name, place }) => `${name.split('-').slice(0, 3).join(' ')} ${place}`)
    expect(new Set(ways).size).toBe(26)
  })

  it.each(golden.objects)('are read: $name', async (object) => {
    const stored = Buffer.from(object.body, 'base64')
    const facts = factsFor(object)
    if (isWeak(object)) expect(await rejection(read(env, facts, stored))).toHaveProperty('code', 'LEGACY_NOT_ALLOWED')
    const opened = await read(env, facts, stored, { allowLegacy: isWeak(object) })
    expect(opened.plaintext).toEqual(plaintext)
    expect(opened.plan.recognition).toMatchObject({
      mode: object.keyring === 'kms' ? 'cse-kms' : 'cse-c',
      format: object.format,
    })
  })

  it.each(golden.objects.filter(({ metadata }) => Object.values(metadata).some((value) => !isAscii(value))))(
    'are read when S3 hands out their metadata as it does what is not ASCII: $name',
    async (object) => {
      const metadata = Object.fromEntries(Object.entries(object.metadata).map(([name, value]) => [name, asS3(value)]))
      const { plaintext: opened } = await read(
        env,
        factsFor({ ...object, metadata }),
        Buffer.from(object.body, 'base64'),
      )
      expect(opened).toEqual(plaintext)
    },
  )

  it.each(golden.objects.filter(({ kms }) => kms !== undefined))(
    'are read under their own encryption context and no other: $name',
    async (object) => {
      const stored = Buffer.from(object.body, 'base64')
      const { 'aws:x-amz-cek-alg': bound, ...own } = object.kms?.context ?? {}
      expect(bound).toBeDefined()
      const options = { allowLegacy: isWeak(object) }
      const opened = await read(env, factsFor(object), stored, { ...options, encryptionContext: own })
      expect(opened.plaintext).toEqual(plaintext)
      const other = read(env, factsFor(object), stored, { ...options, encryptionContext: { ...own, extra: '1' } })
      expect(await rejection(other)).toHaveProperty('code', 'ENVELOPE_INVALID')
    },
  )
})

function isAscii(text: string): boolean {
  return !/[^\x20-\x7e]/.test(text)
}

/** RFC 2047 words of at most 75 characters, over text that takes each UTF-8 byte for a Latin-1 character. */
function asS3(value: string): string {
  if (isAscii(value)) return value
  const words = value.match(/.{1,20}/gsu) ?? []
  return words.map((word) => `=?UTF-8?B?${Buffer.from(word).toString('base64')}?=`).join(' ')
}

/** Answers Decrypt as KMS did when the objects were made, and only to exactly what it was asked then. */
async function replayKms(): Promise<Server> {
  const recorded = golden.objects.flatMap(({ kms }) => kms ?? [])
  const server = createServer((request, response) => {
    void bodyOf(request).then((body) => {
      const { CiphertextBlob, EncryptionContext } = JSON.parse(body) as Record<string, unknown>
      const known = recorded.find(
        ({ wrapped, context }) => wrapped === CiphertextBlob && isDeepStrictEqual(context, EncryptionContext),
      )
      response.writeHead(known === undefined ? 400 : 200, { 'content-type': 'application/x-amz-json-1.1' })
      response.end(
        JSON.stringify(
          known === undefined
            ? { __type: 'InvalidCiphertextException' }
            : { KeyId: known.keyArn, Plaintext: known.dataKey, EncryptionAlgorithm: 'SYMMETRIC_DEFAULT' },
        ),
      )
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}
