import {
  CreateBucketCommand,
  DeleteBucketEncryptionCommand,
  DeleteObjectTaggingCommand,
  HeadBucketCommand,
  ListObjectsV2Command,
  PutBucketCorsCommand,
  PutObjectAclCommand,
  PutObjectCommand,
  PutObjectLegalHoldCommand,
  PutObjectRetentionCommand,
  PutObjectTaggingCommand,
  RenameObjectCommand,
  UpdateObjectEncryptionCommand,
  type S3Client,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { openClients } from '../../electron/cloud/clients.ts'
import { getObject } from '../../electron/cloud/wire/wire.ts'
import { openServerFindings } from '../../electron/store/server-findings.ts'
import { send } from '../../electron/cloud/send.ts'
import type { KnownFindings } from '../../electron/cloud/sub-resources/guard.ts'
import { openDatabase } from '../../electron/store/database.ts'
import { temporaryFolder } from '../support/files.ts'
import type { ForeignServer } from '../support/servers/foreign.ts'
import { startGofakes3, startRclone, startVersitygw } from '../support/servers/programs.ts'
import { testFolder } from '../unit/store/folder.ts'

/* Servers that drop what they do not know of a query do the plain request: a write of tags would replace the object. */

const { signal } = new AbortController()
const CONTENT = '<Tagging><TagSet></TagSet></Tagging>'
const OBJECT = { Bucket: 'box', Key: 'kept.txt' }
const Tagging = { TagSet: [{ Key: 'a', Value: 'b' }] }

function clientOf(server: ForeignServer, known?: KnownFindings): S3Client {
  const clients = openClients(server.connection, known)
  onTestFinished(() => clients.close())
  return clients.s3
}

async function contentOf(s3: S3Client): Promise<string> {
  const { Body } = await getObject(s3, OBJECT, signal)
  return (await Body.toArray()).join('')
}

async function keysOf(s3: S3Client): Promise<string[]> {
  const { Contents = [] } = await send(s3, new ListObjectsV2Command({ Bucket: 'box' }), signal)
  return Contents.map(({ Key = '' }) => Key)
}

let folder: Awaited<ReturnType<typeof temporaryFolder>>
let servers: Record<'gofakes3' | 'rclone' | 'versitygw', ForeignServer>

beforeAll(async () => {
  folder = await temporaryFolder()
  const [gofakes3, rclone, versitygw] = await Promise.all([
    startGofakes3(),
    startRclone(`${folder.path}/rclone`, '1.75.2'),
    startVersitygw(`${folder.path}/versitygw`),
  ])
  servers = { gofakes3, rclone, versitygw }
  for (const server of Object.values(servers)) {
    const clients = openClients(server.connection)
    for (const Bucket of ['box', 'empty']) await send(clients.s3, new CreateBucketCommand({ Bucket }), signal)
    clients.close()
  }
})
afterAll(async () => {
  await Promise.all(Object.values(servers).map((server) => server.stop()))
  await folder.remove()
})

describe.each(['gofakes3', 'rclone'] as const)('%s, which drops what it does not know of a query,', (name) => {
  test.each([
    ['PutObjectTagging', new PutObjectTaggingCommand({ ...OBJECT, Tagging })],
    ['DeleteObjectTagging', new DeleteObjectTaggingCommand(OBJECT)],
    ['PutObjectRetention', new PutObjectRetentionCommand({ ...OBJECT, Retention: { Mode: 'GOVERNANCE' } })],
    ['PutObjectLegalHold', new PutObjectLegalHoldCommand({ ...OBJECT, LegalHold: { Status: 'ON' } })],
    ['PutObjectAcl', new PutObjectAclCommand({ ...OBJECT, ACL: 'private' })],
    ['UpdateObjectEncryption', new UpdateObjectEncryptionCommand({ ...OBJECT, ObjectEncryption: undefined })],
    ['RenameObject', new RenameObjectCommand({ ...OBJECT, RenameSource: '/box/other' })],
  ])('is sent no %s, and the object stays what it is', async (_, command) => {
    const s3 = clientOf(servers[name])
    await send(s3, new PutObjectCommand({ ...OBJECT, Body: CONTENT }), signal)
    const failure = expect.objectContaining({ code: 'UNSUPPORTED' }) as Error
    await expect(send(s3, command as PutObjectTaggingCommand, signal)).rejects.toEqual(failure)
    expect(await contentOf(s3)).toBe(CONTENT)
    expect(await keysOf(s3)).toEqual(['kept.txt'])
  })

  test('is sent nothing about a bucket either: an empty one is still there', async () => {
    const s3 = clientOf(servers[name])
    const writes = [
      new DeleteBucketEncryptionCommand({ Bucket: 'empty' }),
      new PutBucketCorsCommand({ Bucket: 'empty', CORSConfiguration: { CORSRules: [] } }) as never,
    ]
    for (const write of writes) await expect(send(s3, write, signal)).rejects.toMatchObject({ code: 'UNSUPPORTED' })
    await send(s3, new HeadBucketCommand({ Bucket: 'empty' }), signal)
  })
})

test('a server that knows tags is sent them, and is asked once for all of its clients', async () => {
  const db = openDatabase(testFolder())
  onTestFinished(() => db.close())
  const findings = openServerFindings(db)
  const known: KnownFindings = {
    find: (check) => findings.find('place', check),
    learn: (finding) => findings.learn('place', finding),
  }
  const s3 = clientOf(servers.versitygw, known)
  await send(s3, new PutObjectCommand({ ...OBJECT, Body: CONTENT }), signal)
  await Promise.all([1, 2].map(() => send(s3, new PutObjectTaggingCommand({ ...OBJECT, Tagging }), signal)))
  expect(findings.list('place')).toEqual([{ check: 'sub-resource.tagging', outcome: 'holds', detail: '' }])
  expect(await contentOf(s3)).toBe(CONTENT)
  expect(await keysOf(s3)).toEqual(['kept.txt'])

  findings.learn('place', { check: 'sub-resource.tagging', outcome: 'wrong', detail: 'It was so once.' })
  const other = clientOf(servers.versitygw, known)
  await expect(send(other, new DeleteObjectTaggingCommand(OBJECT), signal)).rejects.toMatchObject({
    code: 'UNSUPPORTED',
    message: expect.stringContaining('It was so once.') as string,
  })
})
