import {
  CompleteMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  paginateListObjectsV2,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import type { S3Client } from '@aws-sdk/client-s3'
import { createHash, randomInt } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { newPerson } from '../support/coffer.ts'
import type { Person } from '../support/coffer.ts'
import { startComputer } from '../support/computer.ts'
import type { Computer } from '../support/computer.ts'
import { noise } from '../support/files.ts'
import { awsClients } from '../support/servers.ts'

const ROUNDS = 20
const WRITERS = 6
const BUCKET = 'durable'
const PART = 5 * 1024 * 1024

/** What one key may hold: the hash of the last acknowledged write, and of each later one that got no answer. */
interface Expectation {
  acknowledged: string | undefined
  unanswered: string[]
}

let person: Person
let acknowledged = 0
const expected = new Map<string, Expectation>()
beforeAll(async () => {
  person = await newPerson()
})
afterAll(() => person.remove())

const hashOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
const large = noise(PART + 1000, 'durable large')

it(`kill -9 under parallel writes, ${ROUNDS} times: what was acknowledged reads back whole, nothing half-written is listed`, async () => {
  for (let round = 0; round < ROUNDS; round += 1) {
    const computer = await startComputer(person)
    const { s3 } = awsClients(computer.awsEnv)
    if (round === 0) await s3.send(new CreateBucketCommand({ Bucket: BUCKET }))
    else await expectAllWhole(s3, `after kill ${round}`)
    const writers = Array.from({ length: WRITERS }, (_, writer) => writeUntilKilled(s3, `${round}/${writer}`))
    const enough = acknowledged + 2 * WRITERS
    while (acknowledged < enough) await sleep(10)
    await sleep(randomInt(300))
    await kill(computer)
    await Promise.all(writers)
    s3.destroy()
  }
  const computer = await startComputer(person)
  const { s3 } = awsClients(computer.awsEnv)
  await expectAllWhole(s3, 'at the end')
  s3.destroy()
  await computer.stop()
  console.log(`${acknowledged} acknowledged writes to ${expected.size} keys outlived ${ROUNDS} kills`)
  expect(acknowledged, 'the writers were at work when the kills came').toBeGreaterThan(ROUNDS * WRITERS)
}, 300_000)

async function kill(computer: Computer): Promise<void> {
  for (const pid of computer.serverPids()) process.kill(pid, 'SIGKILL')
  await computer.stop('SIGKILL')
}

/** Writes one object after another, every third one over an older key, every eighth one in parts, until the server is gone. */
async function writeUntilKilled(s3: S3Client, name: string): Promise<void> {
  for (let number = 0; ; number += 1) {
    const key = number % 3 === 2 ? `shared/${name.split('/')[1] ?? ''}` : `${name}/${number}`
    const inParts = number % 8 === 3
    const body = inParts ? large : noise(randomInt(0, 200_000), `${name} ${number}`)
    const state = expected.get(key) ?? { acknowledged: undefined, unanswered: [] }
    expected.set(key, state)
    state.unanswered.push(hashOf(body))
    try {
      await (inParts
        ? putInParts(s3, key, body)
        : s3.send(new PutObjectCommand({ Bucket: BUCKET, Key: key, Body: body })))
    } catch {
      return
    }
    expected.set(key, { acknowledged: hashOf(body), unanswered: [] })
    acknowledged += 1
  }
}

async function putInParts(s3: S3Client, key: string, body: Buffer): Promise<void> {
  const to = { Bucket: BUCKET, Key: key }
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand(to))
  const bodies = [body.subarray(0, PART), body.subarray(PART)]
  const parts = await Promise.all(
    bodies.map(async (Body, index) => {
      const { ETag } = await s3.send(new UploadPartCommand({ ...to, UploadId, PartNumber: index + 1, Body }))
      return { ETag, PartNumber: index + 1 }
    }),
  )
  await s3.send(new CompleteMultipartUploadCommand({ ...to, UploadId, MultipartUpload: { Parts: parts } }))
}

async function expectAllWhole(s3: S3Client, when: string): Promise<void> {
  const listed = new Set<string>()
  for await (const page of paginateListObjectsV2({ client: s3 }, { Bucket: BUCKET })) {
    for (const { Key } of page.Contents ?? []) listed.add(Key ?? '')
  }
  for (const [key, { acknowledged: last, unanswered }] of expected) {
    if (last === undefined && !listed.has(key)) continue
    const answer = await s3.send(new GetObjectCommand({ Bucket: BUCKET, Key: key }))
    const hash = hashOf((await answer.Body?.transformToByteArray()) ?? Buffer.alloc(0))
    expect([last, ...unanswered], `${key} ${when}`).toContain(hash)
    // A write that got no answer but is there has happened; it may not change any more.
    expected.set(key, { acknowledged: hash, unanswered: [] })
  }
  expect(
    [...listed].filter((key) => !expected.has(key)),
    `listed ${when}`,
  ).toEqual([])
}
