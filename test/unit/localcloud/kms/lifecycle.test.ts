import * as kms from '@aws-sdk/client-kms'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { kmsClient } from '../../../support/kms.ts'
import { startLocalCloud, type LocalCloud } from '../../../support/localcloud.ts'

let cloud: LocalCloud
let client: kms.KMSClient
beforeAll(async () => {
  cloud = await startLocalCloud()
  client = kmsClient(cloud)
})
afterAll(async () => {
  client.destroy()
  await cloud.stop()
})

let KeyId: string
let arn: string
beforeEach(async () => {
  const { KeyMetadata } = await client.send(new kms.CreateKeyCommand({ Description: 'of a test' }))
  KeyId = KeyMetadata?.KeyId ?? ''
  arn = KeyMetadata?.Arn ?? ''
})

async function encrypt(text: string, context: Record<string, string> = {}): Promise<Uint8Array> {
  const { CiphertextBlob } = await client.send(
    new kms.EncryptCommand({ KeyId, Plaintext: Buffer.from(text), EncryptionContext: context }),
  )
  return CiphertextBlob ?? Buffer.alloc(0)
}

async function decrypt(CiphertextBlob: Uint8Array, context: Record<string, string> = {}): Promise<string> {
  const { Plaintext } = await client.send(new kms.DecryptCommand({ CiphertextBlob, EncryptionContext: context }))
  return Buffer.from(Plaintext ?? []).toString()
}

async function stateOf(id = KeyId): Promise<string | undefined> {
  const { KeyMetadata } = await client.send(new kms.DescribeKeyCommand({ KeyId: id }))
  return KeyMetadata?.KeyState
}

function named(name: string): unknown {
  return expect.objectContaining({ name })
}

describe('states', () => {
  it('a disabled key does nothing until it is enabled: DisabledException', async () => {
    const blob = await encrypt('text')
    await client.send(new kms.DisableKeyCommand({ KeyId }))
    expect(await stateOf()).toBe('Disabled')
    const disabled = expect.objectContaining({ name: 'DisabledException', message: `${arn} is disabled.` }) as Error
    await expect(decrypt(blob)).rejects.toThrow(disabled)
    await expect(encrypt('x')).rejects.toThrow(disabled)
    const dataKey = new kms.GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256' })
    await expect(client.send(dataKey)).rejects.toThrow(disabled)
    await expect(client.send(new kms.RotateKeyOnDemandCommand({ KeyId }))).rejects.toThrow(disabled)
    await client.send(new kms.EnableKeyCommand({ KeyId }))
    expect(await decrypt(blob)).toBe('text')
  })

  it('a key waits 7 to 30 days for its deletion: KMSInvalidStateException; cancelled, it is disabled', async () => {
    const blob = await encrypt('text')
    for (const PendingWindowInDays of [6, 31]) {
      const command = new kms.ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays })
      await expect(client.send(command)).rejects.toThrow(named('ValidationException'))
    }
    const scheduled = await client.send(new kms.ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 }))
    expect(scheduled).toMatchObject({ KeyId: arn, KeyState: 'PendingDeletion', PendingWindowInDays: 7 })
    expect(Math.abs(Number(scheduled.DeletionDate) - Date.now() - 7 * 86_400_000)).toBeLessThan(10_000)
    expect(await stateOf()).toBe('PendingDeletion')
    const pending = named('KMSInvalidStateException') as Error
    await expect(decrypt(blob)).rejects.toThrow(pending)
    await expect(client.send(new kms.EnableKeyCommand({ KeyId }))).rejects.toThrow(pending)
    await expect(client.send(new kms.ScheduleKeyDeletionCommand({ KeyId }))).rejects.toThrow(pending)
    await expect(client.send(new kms.TagResourceCommand({ KeyId, Tags: [] }))).rejects.toThrow(pending)
    await client.send(new kms.CancelKeyDeletionCommand({ KeyId }))
    expect(await stateOf()).toBe('Disabled')
    await expect(client.send(new kms.CancelKeyDeletionCommand({ KeyId }))).rejects.toThrow(pending)
    await client.send(new kms.EnableKeyCommand({ KeyId }))
    expect(await decrypt(blob)).toBe('text')
  })
})

describe('rotation', () => {
  it('on demand: new material encrypts, old material still decrypts', async () => {
    const before = await encrypt('before')
    await client.send(new kms.RotateKeyOnDemandCommand({ KeyId }))
    await client.send(new kms.RotateKeyOnDemandCommand({ KeyId }))
    const after = await encrypt('after')
    expect(await decrypt(before)).toBe('before')
    expect(await decrypt(after)).toBe('after')
    const used = async (CiphertextBlob: Uint8Array) =>
      (await client.send(new kms.DecryptCommand({ CiphertextBlob }))).KeyMaterialId
    expect(await used(before)).not.toBe(await used(after))
    const { Rotations } = await client.send(new kms.ListKeyRotationsCommand({ KeyId }))
    expect(Rotations).toMatchObject([
      { KeyId: arn, RotationType: 'ON_DEMAND', KeyMaterialState: 'NON_CURRENT' },
      { KeyId: arn, RotationType: 'ON_DEMAND', KeyMaterialState: 'CURRENT', KeyMaterialId: await used(after) },
    ])
    const all = new kms.ListKeyRotationsCommand({ KeyId, IncludeKeyMaterial: 'ALL_KEY_MATERIAL' })
    expect((await client.send(all)).Rotations).toHaveLength(3)
    const page = await client.send(new kms.ListKeyRotationsCommand({ KeyId, Limit: 1 }))
    expect(page).toMatchObject({ Truncated: true })
    const next = await client.send(new kms.ListKeyRotationsCommand({ KeyId, Limit: 1, Marker: page.NextMarker }))
    expect(next.Rotations?.[0]?.KeyMaterialState).toBe('CURRENT')
  })

  it('automatic: on and off, every 90 to 2560 days, 365 if not said', async () => {
    const status = () => client.send(new kms.GetKeyRotationStatusCommand({ KeyId }))
    expect(await status()).toMatchObject({ KeyRotationEnabled: false })
    await client.send(new kms.EnableKeyRotationCommand({ KeyId }))
    expect(await status()).toMatchObject({ KeyRotationEnabled: true, RotationPeriodInDays: 365 })
    await client.send(new kms.EnableKeyRotationCommand({ KeyId, RotationPeriodInDays: 90 }))
    const { NextRotationDate } = await status()
    expect(Math.abs(Number(NextRotationDate) - Date.now() - 90 * 86_400_000)).toBeLessThan(10_000)
    for (const RotationPeriodInDays of [89, 2561]) {
      const command = new kms.EnableKeyRotationCommand({ KeyId, RotationPeriodInDays })
      await expect(client.send(command)).rejects.toThrow(named('ValidationException'))
    }
    await client.send(new kms.DisableKeyRotationCommand({ KeyId }))
    expect(await status()).toMatchObject({ KeyRotationEnabled: false })
  })
})

describe('tags', () => {
  it('are given at birth, added, replaced, removed and listed by pages', async () => {
    const made = await client.send(new kms.CreateKeyCommand({ Tags: [{ TagKey: 'a', TagValue: '1' }] }))
    const id = { KeyId: made.KeyMetadata?.KeyId }
    const Tags = [
      { TagKey: 'b', TagValue: '2' },
      { TagKey: 'a', TagValue: '3' },
    ]
    await client.send(new kms.TagResourceCommand({ ...id, Tags }))
    const listed = await client.send(new kms.ListResourceTagsCommand(id))
    expect(listed.Tags).toEqual([Tags[1], Tags[0]])
    const first = await client.send(new kms.ListResourceTagsCommand({ ...id, Limit: 1 }))
    const second = await client.send(new kms.ListResourceTagsCommand({ ...id, Limit: 1, Marker: first.NextMarker }))
    expect([first.Tags, second.Tags, second.Truncated]).toEqual([[Tags[1]], [Tags[0]], false])
    await client.send(new kms.UntagResourceCommand({ ...id, TagKeys: ['a', 'nobody'] }))
    expect((await client.send(new kms.ListResourceTagsCommand(id))).Tags).toEqual([Tags[0]])
  })

  it('under aws: or twice are TagException, more than 50 LimitExceededException', async () => {
    const tag = (TagKey: string) => ({ TagKey, TagValue: '' })
    const put = (names: string[]) => client.send(new kms.TagResourceCommand({ KeyId, Tags: names.map(tag) }))
    await expect(put(['aws:x'])).rejects.toThrow(named('TagException'))
    await expect(put(['x', 'x'])).rejects.toThrow(named('TagException'))
    await put(Array.from({ length: 50 }, (_, i) => `t${i}`))
    await expect(put(['more'])).rejects.toThrow(named('LimitExceededException'))
  })
})
