import { GetBucketEncryptionCommand, GetBucketVersioningCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Outcome } from '../support/coffer.ts'
import { noise, writeFiles } from '../support/files.ts'
import { stageComputer, type ComputerStage } from '../support/servers.ts'

let stage: ComputerStage
beforeAll(async () => {
  stage = await stageComputer({ resident: true })
  await writeFiles(stage.person.folder, { file: noise(5_000, 'settings') })
})
afterAll(() => stage.close())

const coffer = (...args: string[]): Promise<Outcome> => stage.person.coffer(args)
const one = async (...args: string[]): Promise<unknown> => (await stage.person.done(args))[0]
const rule = async (Bucket: string) => {
  const answer = await stage.s3.send(new GetBucketEncryptionCommand({ Bucket }))
  return answer.ServerSideEncryptionConfiguration?.Rules?.[0]
}

describe('coffer bucket', () => {
  it('changes what a bucket does by itself, and shows it', async () => {
    await one('bucket', 'make', 'letters')
    expect(await one('bucket', 'show', 'letters')).toMatchObject({
      encryption: { algorithm: 'AES256', blocksCustomerKeys: false },
      versioning: 'off',
    })
    await one('kms', 'create', '--alias', 'post')
    const flags = ['--default', 'sse-kms', '--key', 'post', '--bucket-key']
    expect(await one('bucket', 'encryption', 's3://letters', ...flags)).toMatchObject({ holds: true })
    expect(await rule('letters')).toMatchObject({
      ApplyServerSideEncryptionByDefault: {
        SSEAlgorithm: 'aws:kms',
        KMSMasterKeyID: expect.stringMatching(/^arn:aws:kms:.*:key\//) as string,
      },
      BucketKeyEnabled: true,
    })
    await one('put', 'file', 's3://letters/one', '--mode', 'bucket-default')
    expect(await one('inspect', 's3://letters/one')).toMatchObject({ mode: 'sse-kms' })
  })

  it('blocks SSE-C and allows it again, and a refused put says how', async () => {
    await one('bucket', 'make', 'strict')
    await one('key', 'new', 'mine')
    const put = () => coffer('put', 'file', 's3://strict/x', '--mode', 'sse-c', '--key', 'mine', '--no-kit')
    await one('bucket', 'encryption', 'strict', '--sse-c', 'block')
    const refused = await put()
    expect(refused).toMatchObject({ code: 4, error: { code: 'SSE_C_BLOCKED' } })
    expect(refused.error?.hint).toContain('coffer bucket encryption BUCKET --sse-c allow')
    expect(await one('bucket', 'encryption', 'strict', '--sse-c', 'allow')).toMatchObject({
      encryption: { algorithm: 'AES256', blocksCustomerKeys: false },
      holds: true,
    })
    expect((await put()).code).toBe(0)
    expect(await one('activity', '--limit', '5')).toMatchObject({ what: 'put', outcome: 'done' })
    const done = await stage.person.done(['activity', '--limit', '20'])
    expect(done).toContainEqual(expect.objectContaining({ what: 'bucket', bucket: 'strict', outcome: 'done' }))
  })

  it('turns versions on and suspends them; what was removed is listed and brought back', async () => {
    await one('bucket', 'make', 'kept')
    expect(await one('bucket', 'versioning', 'kept', 'on')).toMatchObject({ versioning: 'on', holds: true })
    for (const key of ['a', 'b', 'in/c']) await one('put', 'file', `s3://kept/${key}`, '--mode', 'sse-s3')
    for (const key of ['a', 'in/c']) await one('rm', `s3://kept/${key}`)
    expect(await stage.person.done(['ls', 's3://kept/', '--removed'])).toMatchObject([
      { kind: 'folder', key: 'in/' },
      { kind: 'object', key: 'a', size: 5_000, removedAt: expect.any(String) as string },
    ])
    expect(await stage.person.done(['ls', 's3://kept/in', '--removed'])).toMatchObject([{ key: 'in/c' }])
    expect(await one('undelete', 's3://kept/a')).toMatchObject({ there: true })
    expect(await one('verify', 's3://kept/a')).toMatchObject({ bytes: 5_000 })
    expect(await coffer('undelete', 's3://kept/never')).toMatchObject({ code: 3 })
    await one('rm', 's3://kept/b')
    expect(await one('undelete', 's3://kept/')).toMatchObject({ key: '', files: 2, bytes: 10_000 })
    expect(await one('verify', 's3://kept/in/c')).toMatchObject({ bytes: 5_000 })
    expect(await coffer('undelete', 's3://kept/in/')).toMatchObject({ code: 3 })
    expect(await coffer('undelete', 's3://kept')).toMatchObject({ code: 2 })
    await one('bucket', 'versioning', 'kept', 'suspend')
    expect(await stage.s3.send(new GetBucketVersioningCommand({ Bucket: 'kept' }))).toMatchObject({
      Status: 'Suspended',
    })
    expect(await one('bucket', 'show', 'kept')).toMatchObject({ versioning: 'suspended' })
  })

  it('says how much is in a bucket once it was listed, and asks nothing for it', async () => {
    await one('bucket', 'make', 'counted')
    for (const key of ['a', 'in/b']) await one('put', 'file', `s3://counted/${key}`, '--mode', 'sse-s3')
    const counted = async () => {
      const buckets = (await stage.person.done(['ls'])) as unknown as { name: string; known?: object }[]
      return buckets.find(({ name }) => name === 'counted')?.known
    }
    expect(await counted()).toMatchObject({ objects: 2, bytes: 10_000, complete: false })
    await coffer('ls', 's3://counted/', '--search', 'a')
    expect(await counted()).toMatchObject({ objects: 2, bytes: 10_000, complete: true })
  })

  it.each([
    [['bucket', 'encryption', 'letters'], 'Nothing is to be changed.'],
    [['bucket', 'encryption', 'letters', '--key', 'post'], 'go with a default'],
    [['bucket', 'encryption', 'letters', '--default', 'sse-s3', '--key', 'post'], 'takes no KMS key'],
    [['bucket', 'encryption', 'letters', '--default', 'dsse-kms', '--bucket-key'], 'goes with SSE-KMS only'],
    [['ls', '--removed'], 'needs a bucket'],
    [['ls', 's3://letters/', '--removed', '--recursive'], 'one folder at a time'],
  ])('%j is refused in words', async (args, words) => {
    expect(await coffer(...args)).toMatchObject({
      code: 2,
      error: { message: expect.stringContaining(words) as string },
    })
  })
})
