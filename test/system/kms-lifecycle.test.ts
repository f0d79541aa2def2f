import { CancelKeyDeletionCommand, PutKeyPolicyCommand, ScheduleKeyDeletionCommand } from '@aws-sdk/client-kms'
import { existsSync } from 'node:fs'
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { noise, writeFiles } from '../support/files.ts'
import type { Outcome } from '../support/coffer.ts'
import { stageComputer } from '../support/servers.ts'
import type { ComputerStage } from '../support/servers.ts'

const MODES = ['sse-kms', 'cse-kms']
const content = noise(200_000, 'kms lifecycle')

let stage: ComputerStage
let key: { keyId: string; arn: string }

beforeAll(async () => {
  stage = await stageComputer({ resident: true })
  await writeFiles(stage.person.folder, { file: content })
  key = await newKey()
  for (const mode of MODES) await put(mode)
})
afterAll(() => stage.close())

async function newKey(): Promise<{ keyId: string; arn: string }> {
  const [made] = await stage.person.done(['kms', 'create'])
  if (!made) throw new Error('kms create printed nothing')
  return made
}

const kms = (...args: string[]): ReturnType<typeof stage.person.done> => stage.person.done(['kms', ...args])
const put = (mode: string, name = mode): Promise<unknown> =>
  stage.person.done(['put', 'file', `s3://life/${name}`, '--mode', mode, '--key', key.keyId])

async function get(name: string, options: string[] = [], env = {}): Promise<Outcome & { back: Buffer | undefined }> {
  const path = join(stage.person.folder, 'back')
  await rm(path, { force: true })
  const outcome = await stage.person.coffer(['get', `s3://life/${name}`, 'back', ...options], { env })
  return { ...outcome, back: existsSync(path) ? await readFile(path) : undefined }
}

describe.each(MODES)('%s', (mode) => {
  it('a disabled key makes reads fail with exit code 6 and the reason; enabling it heals them', async () => {
    await kms('disable', key.keyId)
    const refused = await get(mode)
    expect(refused).toMatchObject({ code: 6, error: { code: 'KMS_KEY_DISABLED' }, back: undefined })
    expect(refused.error?.message).toMatch(/disabled/i)
    expect(refused.error?.hint).toMatch(/enable/i)

    const write = await stage.person.coffer(['put', 'file', `s3://life/never`, '--mode', mode, '--key', key.keyId])
    expect(write).toMatchObject({ code: 6, error: { code: 'KMS_KEY_DISABLED' } })

    await kms('enable', key.keyId)
    expect((await get(mode)).back?.equals(content)).toBe(true)
  })

  it('rotating the key leaves old objects readable, and new ones too', async () => {
    await kms('rotate', key.keyId)
    expect((await get(mode)).back?.equals(content)).toBe(true)
    await put(mode, `${mode}-rotated`)
    await kms('rotate', key.keyId)
    expect((await get(mode)).back?.equals(content)).toBe(true)
    expect((await get(`${mode}-rotated`)).back?.equals(content)).toBe(true)
  })

  it('a key that waits for its deletion makes reads fail with exit code 6 and says so', async () => {
    await stage.kms.send(new ScheduleKeyDeletionCommand({ KeyId: key.keyId, PendingWindowInDays: 7 }))
    expect(await get(mode)).toMatchObject({ code: 6, error: { code: 'KMS_KEY_PENDING_DELETION' }, back: undefined })
    await stage.kms.send(new CancelKeyDeletionCommand({ KeyId: key.keyId }))
    expect(await get(mode)).toMatchObject({ code: 6, error: { code: 'KMS_KEY_DISABLED' }, back: undefined })
    await kms('enable', key.keyId)
    expect((await get(mode)).back?.equals(content)).toBe(true)
  })

  it('another principal reads exactly as far as the key policy lets them, and is refused with exit code 4', async () => {
    const name = `bob-${mode}`
    const [bob] = await stage.person.done(['principal', 'add', name])
    const asBob = { AWS_ACCESS_KEY_ID: bob?.accessKeyId, AWS_SECRET_ACCESS_KEY: bob?.secretAccessKey }
    const { options } = stage.computer
    const denied = { code: 4, error: { code: 'KMS_DENIED' }, back: undefined }

    expect(await get(mode, options, asBob), 'no statement means no use').toMatchObject(denied)
    await setPolicy([statement('Allow', bob?.arn ?? '')])
    expect((await get(mode, options, asBob)).back?.equals(content), 'allowed').toBe(true)
    await setPolicy([statement('Allow', bob?.arn ?? ''), statement('Deny', bob?.arn ?? '')])
    expect(await get(mode, options, asBob), 'a denial outweighs').toMatchObject(denied)
    expect((await get(mode)).back?.equals(content), 'the owner still reads').toBe(true)
  })
})

function statement(effect: 'Allow' | 'Deny', principal: string): object {
  return {
    Effect: effect,
    Principal: { AWS: principal },
    Action: ['kms:Decrypt', 'kms:GenerateDataKey'],
    Resource: '*',
  }
}

async function setPolicy(statements: object[]): Promise<void> {
  const owner = {
    Effect: 'Allow',
    Principal: { AWS: 'arn:aws:iam::000000000000:root' },
    Action: 'kms:*',
    Resource: '*',
  }
  const policy = { Version: '2012-10-17', Statement: [owner, ...statements] }
  await stage.kms.send(
    new PutKeyPolicyCommand({ KeyId: key.keyId, PolicyName: 'default', Policy: JSON.stringify(policy) }),
  )
}
