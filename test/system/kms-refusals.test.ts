import { CreateAliasCommand, CreateKeyCommand } from '@aws-sdk/client-kms'
import { readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Outcome } from '../support/coffer.ts'
import { noise, writeFiles } from '../support/files.ts'
import { refusal } from '../support/kms-rows.ts'
import type { KeyRow } from '../support/kms-rows.ts'
import { stageComputer, stageMoto } from '../support/servers.ts'
import type { Stage } from '../support/servers.ts'

const content = noise(50_000, 'kms refusals')

describe('on This computer only', () => {
  let stage: Awaited<ReturnType<typeof stageComputer>>
  beforeAll(async () => {
    stage = await stageComputer({ resident: true })
    await writeFiles(stage.person.folder, { file: content })
  })
  afterAll(() => stage.close())

  const kms = (...args: string[]): Promise<Outcome> => stage.person.coffer(['kms', ...args])
  const done = (...args: string[]): ReturnType<typeof stage.person.done> => stage.person.done(args)

  it.each([
    [['create', '--alias', 'aws/mine']],
    [['create', '--alias', 'with space']],
    [['rotate', 'key', '--every', '89']],
    [['rotate', 'key', '--every', '2561']],
    [['rotate', 'key', '--every', '90', '--off']],
    [['schedule-deletion', 'key', '--days', '6']],
    [['schedule-deletion', 'key', '--days', '31']],
    [['policy', 'key', '--allow', 'ann', '--deny', 'bob']],
    [['policy', 'key', '--actions', 'decrypt']],
    [['alias', 'add', 'aws/s3', 'key']],
  ])('refuses as misuse: kms %s', async (args) => {
    expect(await kms(...args)).toMatchObject(refusal(2, 'INVALID_INPUT'))
  })

  it('more keys than a page holds are all listed', async () => {
    const some = Array.from({ length: 130 }, (_, index) => `alias/many-${index}`)
    for (const AliasName of some) {
      const { KeyMetadata } = await stage.kms.send(new CreateKeyCommand({}))
      await stage.kms.send(new CreateAliasCommand({ AliasName, TargetKeyId: KeyMetadata?.KeyId }))
    }
    const listed = (await done('kms', 'list')) as unknown as KeyRow[]
    expect(new Set(listed.flatMap(({ aliases }) => aliases))).toEqual(new Set(some))
  })

  it("the key that S3 made for itself is marked as AWS's and cannot be changed", async () => {
    await done('put', 'file', 's3://vault/managed', '--mode', 'sse-kms')
    const listed = (await done('kms', 'list')) as unknown as KeyRow[]
    const managed = listed.find(({ aliases }) => aliases.includes('alias/aws/s3'))
    expect(managed).toMatchObject({ manager: 'AWS', state: 'Enabled' })
    for (const args of [['disable'], ['rotate'], ['schedule-deletion', '--confirm', 'aws/s3'], ['tag', 'a=b']]) {
      const [command = '', ...more] = args
      const refused = await kms(command, 'aws/s3', ...more)
      expect(refused, command).toMatchObject(refusal(4, 'KMS_DENIED'))
      expect(refused.error?.message).toMatch(/AWS made and manages/)
    }
    expect(await kms('alias', 'remove', 'aws/s3')).toMatchObject(refusal(2, 'INVALID_INPUT'))
  })

  it('states that a command cannot do anything with are told apart', async () => {
    const [made] = await done('kms', 'create')
    const keyId = made?.keyId ?? ''
    const unasked = await kms('cancel-deletion', keyId)
    expect(unasked).toMatchObject(refusal(2, 'INVALID_INPUT'))
    expect(unasked.error?.message).toMatch(/does not wait/)
    await done('kms', 'disable', keyId)
    expect(await kms('rotate', keyId)).toMatchObject(refusal(6, 'KMS_KEY_DISABLED'))
    expect(await kms('rotate', keyId, '--every', '90')).toMatchObject(refusal(6, 'KMS_KEY_DISABLED'))
    await done('kms', 'schedule-deletion', keyId, '--confirm', keyId)
    for (const command of ['enable', 'disable', 'rotate']) {
      expect(await kms(command, keyId), command).toMatchObject(refusal(6, 'KMS_KEY_PENDING_DELETION'))
    }
    expect(await kms('schedule-deletion', keyId, '--confirm', keyId)).toMatchObject(
      refusal(6, 'KMS_KEY_PENDING_DELETION'),
    )
  })

  it('a principal that a policy names without it being there is refused, with the reason', async () => {
    await done('kms', 'create', '--alias', 'strangers')
    const refused = await kms('policy', 'strangers', '--allow', 'nobody')
    expect(refused).toMatchObject(refusal(2, 'INVALID_INPUT'))
    expect(refused.error?.message).toMatch(/user\/nobody/)
  })

  it('a policy decides what another principal can do, and it may manage nothing', async () => {
    const [bob] = await done('principal', 'add', 'bob')
    expect(bob).toMatchObject({ name: 'bob', arn: 'arn:aws:iam::000000000000:user/bob' })
    expect(await stage.person.coffer(['principal', 'add', 'bob'])).toMatchObject(refusal(8, 'ALREADY_EXISTS'))
    const principals = await stage.person.coffer(['principal', 'list'])
    expect(principals.rows.map(({ name }) => name)).toContain('bob')
    expect(principals.stdout).not.toContain(bob?.secretAccessKey)

    await done('kms', 'create', '--alias', 'shared')
    for (const mode of ['sse-kms', 'cse-kms']) {
      await done('put', 'file', `s3://vault/${mode}`, '--mode', mode, '--key', 'alias/shared')
    }
    const env = { AWS_ACCESS_KEY_ID: bob?.accessKeyId, AWS_SECRET_ACCESS_KEY: bob?.secretAccessKey }
    const asBob = (...args: string[]): Promise<Outcome> =>
      stage.person.coffer([...args, ...stage.computer.options], { env })
    const read = async (mode: string): Promise<Outcome & { back?: Buffer }> => {
      const path = join(stage.person.folder, 'bobs')
      await rm(path, { force: true })
      const outcome = await asBob('get', `s3://vault/${mode}`, 'bobs')
      return outcome.code === 0 ? { ...outcome, back: await readFile(path) } : outcome
    }
    const reads = async (): Promise<boolean[]> =>
      [await read('sse-kms'), await read('cse-kms')].map(({ back }) => back?.equals(content) ?? false)

    expect(await read('sse-kms')).toMatchObject(refusal(4, 'KMS_DENIED'))
    expect(await reads(), 'no statement means no use').toEqual([false, false])
    await done('kms', 'policy', 'shared', '--allow', 'bob', '--actions', 'decrypt')
    expect(await reads(), 'allowed').toEqual([true, true])
    const write = await asBob('put', 'file', 's3://vault/his', '--mode', 'sse-kms', '--key', 'alias/shared')
    expect(write, 'may read, and not write').toMatchObject(refusal(4, 'KMS_DENIED'))
    await done('kms', 'policy', 'shared', '--deny', 'bob')
    expect(await reads(), 'a denial outweighs').toEqual([false, false])
    await done('kms', 'policy', 'shared', '--remove', 'bob')
    expect(await reads(), 'nothing is left of either').toEqual([false, false])
    await done('kms', 'policy', 'shared', '--allow', 'bob')
    expect(await reads(), 'allowed to use it').toEqual([true, true])

    expect(await asBob('kms', 'describe', 'shared'), 'may see it').toMatchObject({ code: 0 })
    for (const command of ['disable', 'rotate', 'policy']) {
      expect(await asBob('kms', command, 'shared'), command).toMatchObject(refusal(4, 'KMS_DENIED'))
    }
    expect(await asBob('kms', 'list')).toMatchObject(refusal(4, 'KMS_DENIED'))
    expect(await asBob('kms', 'create')).toMatchObject(refusal(4, 'KMS_DENIED'))

    await done('principal', 'remove', 'bob')
    expect(await read('sse-kms')).toMatchObject({ code: 4 })
    expect(await stage.person.coffer(['principal', 'remove', 'bob'])).toMatchObject(refusal(3, 'PRINCIPAL_NOT_FOUND'))
  })

  it('what is done to keys is in the activity, with how it ended', async () => {
    const [made] = await done('kms', 'create', '--alias', 'watched')
    await done('kms', 'disable', 'watched')
    await kms('rotate', 'watched')
    const listed = (await done('activity')) as unknown as { what: string; keyId: string; outcome: string }[]
    const mine = listed.filter(({ keyId }) => keyId === 'alias/watched' || keyId === made?.keyId)
    expect(mine.map(({ outcome }) => outcome).sort()).toEqual(['KMS_KEY_DISABLED', 'done', 'done'])
  })
})

describe('on a server that lacks an operation', () => {
  let stage: Stage
  beforeAll(async () => {
    stage = await stageMoto({ resident: true })
  })
  afterAll(() => stage.close())

  it.each([
    ['UnknownOperationException', 400],
    ['UnsupportedOperationException', 400],
    ['NotImplemented', 501],
  ])('%s with status %i is told as unsupported, by its name', async (type, status) => {
    // Another's KMS in front of moto's that knows no on-demand rotation.
    const server = createServer((request, response) => {
      if (request.headers['x-amz-target'] === 'TrentService.RotateKeyOnDemand') {
        response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' })
        response.end(JSON.stringify({ __type: type, message: 'no' }))
        return
      }
      const headers = request.headers as Record<string, string>
      const body: Buffer[] = []
      request.on('data', (chunk: Buffer) => body.push(chunk))
      request.on('end', () => {
        void fetch(stage.endpoint, {
          method: 'POST',
          headers: {
            'x-amz-target': headers['x-amz-target'] ?? '',
            authorization: headers['authorization'] ?? '',
            'content-type': 'application/x-amz-json-1.1',
          },
          body: Buffer.concat(body),
        }).then(async (answer) => response.writeHead(answer.status).end(Buffer.from(await answer.arrayBuffer())))
      })
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const front = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const options = ['--endpoint-url', stage.endpoint, '--kms-endpoint-url', front, '--region', 'us-east-1']
    try {
      const [made] = await stage.person.done(['kms', 'create', ...options])
      const refused = await stage.person.coffer(['kms', 'rotate', made?.keyId ?? '', ...options])
      expect(refused).toMatchObject(refusal(2, 'UNSUPPORTED'))
      expect(refused.error?.message).toContain('RotateKeyOnDemand')
    } finally {
      server.close()
    }
  })
})
