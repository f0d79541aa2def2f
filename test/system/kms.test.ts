import { EncryptCommand, DecryptCommand } from '@aws-sdk/client-kms'
import { CreateBucketCommand } from '@aws-sdk/client-s3'
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Outcome, PersonOptions } from '../support/coffer.ts'
import { noise, writeFiles } from '../support/files.ts'
import { refusal } from '../support/kms-rows.ts'
import type { KeyRow } from '../support/kms-rows.ts'
import { stageComputer, stageMoto } from '../support/servers.ts'
import type { Stage } from '../support/servers.ts'

const DAY = 86_400_000
const content = noise(50_000, 'kms management')
let names = 0

/** A name that no other test uses: the stages outlive each of them. */
const newName = (): string => `key-${++names}`

/**
 * Moto keeps a rotation's being on but not its period, and decrypts under keys that are disabled or wait for their deletion;
 * both are asserted where they hold.
 */
describe.each([
  ['This computer', stageComputer],
  ['moto', stageMoto],
])('on %s', (_name, open: (options: PersonOptions) => Promise<Stage>) => {
  let stage: Stage
  beforeAll(async () => {
    stage = await open({ resident: true })
    await writeFiles(stage.person.folder, { file: content })
    if (stage.name === 'moto') await stage.s3.send(new CreateBucketCommand({ Bucket: 'vault' }))
  })
  afterAll(() => stage.close())

  const coffer = (args: string[], stdin?: string): Promise<Outcome> =>
    stage.person.coffer([...args, ...stage.options], { stdin })
  const kms = (...args: string[]): Promise<Outcome> => coffer(['kms', ...args])
  const rows = async (...args: string[]): Promise<KeyRow[]> =>
    (await stage.person.done(['kms', ...args, ...stage.options])) as unknown as KeyRow[]
  const row = async (...args: string[]): Promise<KeyRow> => {
    const [first] = await rows(...args)
    if (first === undefined) throw new Error(`kms ${args.join(' ')} printed nothing`)
    return first
  }
  const keepsPeriod = (): boolean => stage.name === 'This computer'
  const enforcesStates = (): boolean => stage.name === 'This computer'
  const put = (key: string, mode = 'sse-kms'): Promise<Outcome> =>
    coffer(['put', 'file', `s3://vault/${mode}-${newName()}`, '--mode', mode, '--key', key])

  async function written(key: string, mode: string): Promise<() => Promise<Outcome & { back?: Buffer }>> {
    const target = `s3://vault/${newName()}`
    await stage.person.done(['put', 'file', target, '--mode', mode, '--key', key, ...stage.options])
    return async () => {
      const path = join(stage.person.folder, 'back')
      await rm(path, { force: true })
      const outcome = await coffer(['get', target, 'back'])
      return outcome.code === 0 ? { ...outcome, back: await readFile(path) } : outcome
    }
  }

  it('makes a key with a name, with or without alias/, a description and tags, and describes all of it', async () => {
    const [bare, full] = [newName(), newName()]
    const made = await row('create', '--alias', bare, '--description', 'Letters', '--tag', 'owner=ann', '--tag', 'n=1')
    expect(made).toMatchObject({ aliases: [`alias/${bare}`], description: 'Letters', state: 'Enabled' })
    expect((await row('create', '--alias', `alias/${full}`)).aliases).toEqual([`alias/${full}`])

    for (const name of [bare, `alias/${bare}`, made.keyId, made.arn]) {
      expect(await row('describe', name)).toMatchObject({
        ...{ keyId: made.keyId, manager: 'CUSTOMER', spec: 'SYMMETRIC_DEFAULT', usage: 'ENCRYPT_DECRYPT' },
        ...{ tags: { owner: 'ann', n: '1' }, rotation: { automatic: false }, history: [], objects: 0 },
      })
    }
  })

  it('a name that is taken makes no key', async () => {
    const name = newName()
    await row('create', '--alias', name)
    const before = await rows('list')
    const refused = await kms('create', '--alias', name)
    expect(refused).toMatchObject(refusal(8, 'ALREADY_EXISTS'))
    expect(refused.error?.hint).toMatch(/alias move/)
    expect(await rows('list')).toHaveLength(before.length)
  })

  it.each([
    ['describe'],
    ['enable'],
    ['disable'],
    ['rotate'],
    ['history'],
    ['policy'],
    ['schedule-deletion'],
    ['cancel-deletion'],
  ])('kms %s says with exit code 6 that there is no such key', async (command) => {
    const refused = await kms(command, 'nobody')
    expect(refused).toMatchObject(refusal(6, 'KMS_KEY_NOT_FOUND'))
    expect(refused.error?.hint).toMatch(/kms list/)
  })

  it('lists every key with names, state and rotation', async () => {
    const name = newName()
    const { keyId } = await row('create', '--alias', name)
    await row('rotate', name, '--every', '180')
    const listed = (await rows('list')).find((each) => each.keyId === keyId)
    expect(listed).toMatchObject({ aliases: [`alias/${name}`], state: 'Enabled', manager: 'CUSTOMER' })
    expect(listed?.rotation).toMatchObject(keepsPeriod() ? { automatic: true, periodDays: 180 } : { automatic: true })
  })

  it('names are added, moved and forgotten; the key stays', async () => {
    const [first, second, name] = [newName(), newName(), newName()]
    const one = await row('create', '--alias', first)
    const other = await row('create', '--alias', second)
    expect((await row('alias', 'add', name, first)).aliases).toEqual([`alias/${first}`, `alias/${name}`].sort())
    expect(await kms('alias', 'add', name, second)).toMatchObject(refusal(8, 'ALREADY_EXISTS'))
    await row('alias', 'move', `alias/${name}`, second)
    expect((await row('describe', name)).keyId).toBe(other.keyId)
    await row('alias', 'remove', name)
    expect(await kms('describe', name)).toMatchObject(refusal(6, 'KMS_KEY_NOT_FOUND'))
    expect(await kms('alias', 'remove', name)).toMatchObject(refusal(6, 'KMS_KEY_NOT_FOUND'))
    expect((await row('describe', one.keyId)).aliases).toEqual([`alias/${first}`])
  })

  it('tags are put and taken off', async () => {
    const { keyId } = await row('create')
    expect((await row('tag', keyId, 'a=1', 'b=2=3')).tags).toEqual({ a: '1', b: '2=3' })
    expect((await row('tag', keyId, 'a=9')).tags).toEqual({ a: '9', b: '2=3' })
    expect((await row('tag', keyId, 'a', '--remove')).tags).toEqual({ b: '2=3' })
    expect((await row('describe', keyId)).tags).toEqual({ b: '2=3' })
  })

  it('rotates by itself, with a period, and no longer', async () => {
    const { keyId } = await row('create')
    const { rotation } = await row('rotate', keyId, '--every', '90')
    expect(rotation.automatic).toBe(true)
    if (keepsPeriod()) {
      expect(rotation.periodDays).toBe(90)
      expect(Math.round((Date.parse(rotation.nextAt) - Date.now()) / DAY)).toBe(90)
    }
    await row('rotate', keyId, '--off')
    expect((await row('describe', keyId)).rotation.automatic).toBe(false)
  })

  it('rotates now: the history has it, and what the old material encrypted is readable', async () => {
    const { keyId } = await row('create')
    expect(await rows('history', keyId)).toEqual([])
    const Plaintext = Buffer.from('before')
    const { CiphertextBlob } = await stage.kms.send(new EncryptCommand({ KeyId: keyId, Plaintext }))
    const read = [await written(keyId, 'sse-kms'), await written(keyId, 'cse-kms')]
    await row('rotate', keyId)
    await row('rotate', keyId)
    expect((await rows('history', keyId)).map(({ kind }) => kind)).toEqual(['ON_DEMAND', 'ON_DEMAND'])
    expect((await row('describe', keyId)).history).toHaveLength(2)
    for (const again of read) expect((await again()).back?.equals(content)).toBe(true)
    const opened = await stage.kms.send(new DecryptCommand({ CiphertextBlob }))
    expect(Buffer.from(opened.Plaintext ?? []).toString()).toBe('before')
  })

  it('disabled, a key makes nothing readable; enabled, it heals', async () => {
    const { keyId } = await row('create')
    const read = await written(keyId, 'cse-kms')
    expect((await row('disable', keyId)).state).toBe('Disabled')
    if (enforcesStates()) {
      const refused = await read()
      expect(refused).toMatchObject(refusal(6, 'KMS_KEY_DISABLED'))
      expect(refused.error?.hint).toContain('coffer kms enable')
    }
    expect((await row('enable', keyId)).state).toBe('Enabled')
    expect((await read()).back?.equals(content)).toBe(true)
  })

  it('deletion wants the name typed, says what needs the key, and can be taken back', async () => {
    const name = newName()
    const { keyId, arn } = await row('create', '--alias', name)
    const read = await written(arn, 'cse-kms')

    const asked = await kms('schedule-deletion', name)
    expect(asked).toMatchObject(refusal(2, 'INVALID_INPUT'))
    expect(asked.error?.message).toMatch(/^1 object that Coffer knows of needs this key/)
    expect(asked.error?.hint).toContain(`--confirm alias/${name}`)
    const mistyped = await kms('schedule-deletion', name, '--confirm', 'another')
    expect(mistyped).toMatchObject(refusal(2, 'INVALID_INPUT'))
    expect((await row('describe', name)).state).toBe('Enabled')

    const pending = await row('schedule-deletion', name, '--days', '7', '--confirm', name)
    expect(pending).toMatchObject({ state: 'PendingDeletion', objects: 1 })
    expect(Math.round((Date.parse(pending.deletionAt) - Date.now()) / DAY)).toBe(7)
    expect((await row('describe', keyId)).deletionAt).toBe(pending.deletionAt)
    const listed = (await rows('list')).find((each) => each.keyId === keyId)
    expect(listed).toMatchObject({ state: 'PendingDeletion' })

    if (enforcesStates()) {
      const lost = await read()
      expect(lost).toMatchObject(refusal(6, 'KMS_KEY_PENDING_DELETION'))
      expect(lost.error?.hint).toMatch(/cancel-deletion.*enable/)
      expect(await put(arn, 'cse-kms')).toMatchObject(refusal(6, 'KMS_KEY_PENDING_DELETION'))
    }
    expect((await row('cancel-deletion', name)).state).toBe('Disabled')
    if (enforcesStates()) expect(await read()).toMatchObject(refusal(6, 'KMS_KEY_DISABLED'))
    await row('enable', name)
    expect((await read()).back?.equals(content)).toBe(true)
  })

  describe('the key policy', () => {
    const statements = async (key: string): Promise<KeyRow['policy']['Statement']> =>
      (await row('policy', key)).policy.Statement

    it('is read, edited in a file or on standard input, and put', async () => {
      const { keyId } = await row('create')
      const before = await row('policy', keyId)
      const [owner] = before.policy.Statement
      const policy = { ...before.policy, Id: 'mine', Statement: [owner] }
      await writeFiles(stage.person.folder, { 'policy.json': Buffer.from(JSON.stringify(policy)) })
      expect((await row('policy', keyId, '--set', 'policy.json')).policy).toMatchObject({ Id: 'mine' })
      const piped = await coffer(['kms', 'policy', keyId, '--set', '-'], JSON.stringify({ ...policy, Id: 'piped' }))
      expect(piped.code).toBe(0)
      expect((await row('policy', keyId)).policy).toMatchObject({ Id: 'piped' })
      expect(await kms('policy', keyId, '--set', 'nowhere.json')).toMatchObject(refusal(3, 'FILE_NOT_FOUND'))
    })

    it('that is wrong is refused here, with the place of the error', async () => {
      const { keyId } = await row('create')
      const before = await statements(keyId)
      const broken =
        '{\n  "Version": "2012-10-17",\n  "Statement": [\n    {"Effect": "Allow" "Action": "kms:*"}\n  ]\n}'
      const refused = await coffer(['kms', 'policy', keyId, '--set', '-'], broken)
      expect(refused).toMatchObject(refusal(2, 'INVALID_INPUT'))
      expect(refused.error?.message).toMatch(/line 4, column 24: , or } is expected/)
      const misspelt = '{"Statement": [\n {"Effect": "Permit", "Principal": "*", "Action": "kms:*", "Resource": "*"}]}'
      const other = await coffer(['kms', 'policy', keyId, '--set', '-'], misspelt)
      expect(other.error?.message).toMatch(/line 2, column 13: Statement 1, Effect: /)
      expect(await statements(keyId)).toEqual(before)
    })

    it('that locks its author out is put only by force', async () => {
      const { keyId } = await row('create')
      const [owner] = await statements(keyId)
      const locked = JSON.stringify({ Version: '2012-10-17', Statement: [{ ...owner, Action: 'kms:Decrypt' }] })
      const refused = await coffer(['kms', 'policy', keyId, '--set', '-'], locked)
      expect(refused).toMatchObject(refusal(2, 'POLICY_LOCKOUT'))
      expect(refused.error?.hint).toContain('--force')
      expect(await statements(keyId)).toEqual([owner])
      expect((await coffer(['kms', 'policy', keyId, '--set', '-', '--force'], locked)).code).toBe(0)
      expect(await statements(keyId)).toMatchObject([{ Action: 'kms:Decrypt' }])
    })

    it('is changed for an account that is allowed, denied and taken out', async () => {
      const { keyId, arn } = await row('create')
      const [owner] = await statements(keyId)
      const account = arn.split(':')[4] ?? ''
      const root = `arn:aws:iam::${account}:root`
      await row('policy', keyId, '--allow', account, '--actions', 'decrypt,describe')
      expect(await statements(keyId)).toEqual([
        owner,
        { Effect: 'Allow', Principal: { AWS: root }, Action: ['kms:Decrypt', 'kms:DescribeKey'], Resource: '*' },
      ])
      await row('policy', keyId, '--deny', account, '--actions', 'kms:ReEncrypt*')
      expect((await statements(keyId))[2]).toMatchObject({ Effect: 'Deny', Action: 'kms:ReEncrypt*' })
      const lockout = await kms('policy', keyId, '--deny', account, '--actions', 'kms:*')
      expect(lockout).toMatchObject(refusal(2, 'POLICY_LOCKOUT'))
      expect(await kms('policy', keyId, '--allow', '*')).toMatchObject(refusal(2, 'INVALID_INPUT'))
      expect(await kms('policy', keyId, '--allow', account, '--actions', 'fly')).toMatchObject(
        refusal(2, 'INVALID_INPUT'),
      )
      expect(await statements(keyId)).toHaveLength(3)
    })
  })
})
