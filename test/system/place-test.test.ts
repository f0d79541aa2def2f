import {
  CreateBucketCommand,
  ListObjectVersionsCommand,
  ListMultipartUploadsCommand,
  PutBucketVersioningCommand,
  type S3Client,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { Outcome, ServerCheck } from '../../electron/base/server-checks.ts'
import { openClients } from '../../electron/cloud/clients.ts'
import { allObjects } from '../../electron/cloud/list-objects.ts'
import { send } from '../../electron/cloud/send.ts'
import { testServer } from '../../electron/cloud/server-test/server-test.ts'
import { failingModes } from '../../electron/cloud/tested-behaviour.ts'
import { newPerson, type Person } from '../support/coffer.ts'
import { temporaryFolder } from '../support/files.ts'
import { startMoto } from '../support/moto.ts'
import type { ForeignServer } from '../support/servers/foreign.ts'
import { startGofakes3, startRclone, startS3Mock, startVersitygw } from '../support/servers/programs.ts'

/* What a test of a place finds out, against servers whose behaviour is known. */

const { signal } = new AbortController()
const SERVERS = ['versitygw', 'rclone 1.75.2', 'rclone 1.76.0', 'gofakes3', 'S3Mock', 'moto'] as const
type Name = (typeof SERVERS)[number]

let folder: Awaited<ReturnType<typeof temporaryFolder>>
const servers = {} as Record<Name, ForeignServer>

beforeAll(async () => {
  folder = await temporaryFolder()
  const own = (name: string): string => `${folder.path}/${name}`
  const starts: Record<Name, () => Promise<ForeignServer>> = {
    versitygw: () => startVersitygw(own('versitygw'), { versions: true }),
    'rclone 1.75.2': () => startRclone(own('rclone-1.75.2'), '1.75.2'),
    'rclone 1.76.0': () => startRclone(own('rclone-1.76.0'), '1.76.0'),
    gofakes3: startGofakes3,
    S3Mock: () => startS3Mock(own('s3mock')),
    moto: startMoto,
  }
  await Promise.all(SERVERS.map(async (name) => (servers[name] = await starts[name]())))
})
afterAll(async () => {
  await Promise.all(Object.values(servers).map((server) => server.stop()))
  await folder.remove()
})

async function found(name: Name, bucket: string, { versions = false } = {}) {
  const clients = openClients(servers[name].connection)
  onTestFinished(() => clients.close())
  const { s3, kms } = clients
  await send(s3, new CreateBucketCommand({ Bucket: bucket }), signal)
  const VersioningConfiguration = { Status: 'Enabled' } as const
  if (versions) await send(s3, new PutBucketVersioningCommand({ Bucket: bucket, VersioningConfiguration }), signal)
  const result = await testServer({ s3, kms, bucket, kind: 'foreign' }, signal)
  const outcomes = Object.fromEntries(result.findings.map(({ check, outcome }) => [check, outcome])) as Record<
    ServerCheck,
    Outcome
  >
  return { ...result, outcomes, s3 }
}

async function keysIn(s3: S3Client, bucket: string): Promise<string[]> {
  const keys: string[] = []
  for await (const { objects } of allObjects(s3, { bucket, prefix: '', recursive: true }, signal)) {
    keys.push(...objects.map(({ key }) => key))
  }
  return keys
}

test.each<[Name, Partial<Record<ServerCheck, Outcome>>]>([
  [
    'versitygw',
    {
      'sse.false-claim': 'holds',
      'sse-c.without-key': 'wrong',
      'sse-c.key-not-echoed': 'holds',
      'metadata.exact': 'holds',
      'metadata.replaced': 'holds',
      'metadata.2-kb': 'holds',
      'conditions.put': 'holds',
      'conditions.complete': 'holds',
      'conditions.copy-source': 'holds',
      'checksums.wrong': 'holds',
      'checksums.kept': 'holds',
      'names.read': 'holds',
      'names.listed': 'wrong',
      'kms.wrong-context': 'unknown',
    },
  ],
  [
    'rclone 1.75.2',
    {
      'sse.false-claim': 'wrong',
      'sse-kms.unknown-key': 'wrong',
      'sse-c.key-not-echoed': 'wrong',
      'metadata.replaced': 'wrong',
      'metadata.2-kb': 'refused',
      'conditions.put': 'wrong',
      'conditions.if-match-quoted': 'wrong',
      'checksums.wrong': 'wrong',
      'names.read': 'refused',
    },
  ],
  [
    'rclone 1.76.0',
    {
      'sse.false-claim': 'holds',
      'sse-s3.put': 'wrong',
      'sse-kms.put': 'refused',
      'sse-c.put': 'refused',
      'sse-c.without-key': 'unknown',
      'conditions.put': 'holds',
      'conditions.if-match-unquoted': 'holds',
      'checksums.wrong': 'holds',
    },
  ],
  [
    'gofakes3',
    {
      'metadata.exact': 'holds',
      'metadata.replaced': 'wrong',
      'conditions.put': 'holds',
      'conditions.complete': 'wrong',
      'conditions.copy-source': 'wrong',
      'sub-resource.tagging': 'wrong',
      'sub-resource.versioning': 'holds',
    },
  ],
  ['S3Mock', { 'sse-kms.unknown-key': 'holds', 'sse-s3.multipart': 'wrong', 'sse-c.key-not-echoed': 'wrong' }],
  [
    'moto',
    {
      'kms.wrong-context': 'holds',
      'kms.disabled-key': 'wrong',
      'conditions.copy-source': 'wrong',
      'checksums.wrong': 'wrong',
      'checksums.kept': 'refused',
    },
  ],
])('of %s a test finds what is known of it, no mode that holds, and leaves nothing behind', async (name, expected) => {
  const { outcomes, findings, left, s3 } = await found(name, 'tested')
  expect(Object.fromEntries(Object.keys(expected).map((check) => [check, outcomes[check as ServerCheck]]))).toEqual(
    expected,
  )
  expect(Object.keys(failingModes(findings)).sort()).toEqual(['sse-c', 'sse-kms', 'sse-s3'])
  const ways = findings.filter(({ check }) => /^sse-.*\.(?:put|copy|multipart)$/.test(check))
  expect(ways.filter(({ outcome }) => outcome !== 'wrong' && outcome !== 'refused')).toEqual([])
  expect([left, await keysIn(s3, 'tested')]).toEqual([[], []])
  const { Uploads = [] } = await send(s3, new ListMultipartUploadsCommand({ Bucket: 'tested' }), signal)
  expect(Uploads).toEqual([])
})

test('in a bucket that keeps versions none is left behind, and a file over a delete marker is tried', async () => {
  const { outcomes, s3 } = await found('versitygw', 'versioned', { versions: true })
  expect([outcomes['versions.kept'], outcomes['versions.over-marker']]).toEqual(['holds', 'refused'])
  const { Versions = [], DeleteMarkers = [] } = await send(
    s3,
    new ListObjectVersionsCommand({ Bucket: 'versioned' }),
    signal,
  )
  expect([Versions, DeleteMarkers]).toEqual([[], []])
})

test('one that is cancelled in the middle removes what it has written', async () => {
  const clients = openClients(servers.versitygw.connection)
  onTestFinished(() => clients.close())
  const { s3, kms } = clients
  await send(s3, new CreateBucketCommand({ Bucket: 'cancelled' }), signal)
  const stop = new AbortController()
  let asked = 0
  s3.middlewareStack.add(
    (next) => (args) => {
      if (++asked === 20) stop.abort()
      return next(args)
    },
    { step: 'build' },
  )
  await expect(testServer({ s3, kms, bucket: 'cancelled', kind: 'foreign' }, stop.signal)).rejects.toMatchObject({
    code: 'CANCELLED',
  })
  expect(await keysIn(s3, 'cancelled')).toEqual([])
})

describe('on the command line', () => {
  let person: Person
  beforeAll(async () => {
    const { credentials } = servers.versitygw.connection
    if (credentials.kind !== 'keys') throw new Error('a server of a test has keys')
    person = await newPerson({
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    })
    await person.done([
      'place',
      'add',
      'gateway',
      '--endpoint-url',
      servers.versitygw.endpoint,
      '--region',
      'us-east-1',
    ])
    await person.done(['bucket', 'make', 'private', '--place', 'gateway'])
  })
  afterAll(() => person.remove())

  test('what a test finds is stored with the place and shown afterwards; nothing is written without --write', async () => {
    const before = JSON.parse((await person.coffer(['place', 'show', 'gateway'])).stdout) as Report
    expect([before.test, before.findings]).toEqual([null, []])
    await person.coffer(['place', 'test', 'gateway', '--bucket', 'private'])
    expect((JSON.parse((await person.coffer(['place', 'show', 'gateway'])).stdout) as Report).test).toBeNull()

    expect((await person.coffer(['place', 'test', 'gateway', '--write'])).error?.code).toBe('INVALID_INPUT')
    const tested = await person.coffer(['place', 'test', 'gateway', '--write', '--bucket', 'private'])
    expect(tested.code).toBe(0)
    const shown = JSON.parse((await person.coffer(['place', 'show', 'gateway'])).stdout) as Report
    expect(shown).toMatchObject({ name: 'gateway', test: { bucket: 'private', server: 'VERSITYGW' } })
    expect(shown.failingModes['sse-c']).toContain('reports no encryption')
    expect(shown.findings).toContainEqual({
      check: 'metadata.exact',
      title: 'Metadata comes back byte for byte',
      outcome: 'holds',
      detail: '',
    })
  })

  test('a place that is removed takes along what was found of it', async () => {
    await person.done(['place', 'add', 'again', '--endpoint-url', servers.versitygw.endpoint, '--region', 'us-east-1'])
    await person.coffer(['place', 'test', 'again', '--write', '--bucket', 'private'])
    await person.done(['place', 'remove', 'again'])
    await person.done(['place', 'add', 'again', '--endpoint-url', servers.versitygw.endpoint, '--region', 'us-east-1'])
    expect((JSON.parse((await person.coffer(['place', 'show', 'again'])).stdout) as Report).findings).toEqual([])
  })
})

interface Report {
  name?: string
  test: { bucket: string; server?: string } | null
  findings: { check: string; title: string; outcome: string; detail: string }[]
  failingModes: Record<string, string>
}
