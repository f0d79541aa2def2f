import { randomBytes } from 'node:crypto'
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

const UUID = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}'
const NOBODY = '00000000-0000-4000-8000-000000000000'
const EncryptionContext = { purpose: 'test', größe: 'klein' }

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

function named(name: string): unknown {
  return expect.objectContaining({ name })
}

describe('keys', () => {
  it('are made as AWS makes them', async () => {
    const { KeyMetadata } = await client.send(new kms.DescribeKeyCommand({ KeyId }))
    expect(KeyMetadata).toMatchObject({
      AWSAccountId: '000000000000',
      Arn: `arn:aws:kms:us-east-1:000000000000:key/${KeyId}`,
      Description: 'of a test',
      Enabled: true,
      KeyManager: 'CUSTOMER',
      KeySpec: 'SYMMETRIC_DEFAULT',
      KeyState: 'Enabled',
      KeyUsage: 'ENCRYPT_DECRYPT',
      EncryptionAlgorithms: ['SYMMETRIC_DEFAULT'],
      MultiRegion: false,
      Origin: 'AWS_KMS',
    })
    expect(KeyId).toMatch(new RegExp(`^${UUID}$`))
    expect(Math.abs(Date.now() - Number(KeyMetadata?.CreationDate))).toBeLessThan(10_000)
  })

  it('are found by id, ARN, alias name and alias ARN', async () => {
    const AliasName = `alias/found-${KeyId}`
    await client.send(new kms.CreateAliasCommand({ AliasName, TargetKeyId: KeyId }))
    for (const name of [KeyId, arn, AliasName, arn.replace(/key\/.*/, AliasName)]) {
      const { KeyMetadata } = await client.send(new kms.DescribeKeyCommand({ KeyId: name }))
      expect(KeyMetadata?.KeyId).toBe(KeyId)
    }
  })

  it.each<Partial<kms.CreateKeyCommandInput>>([
    { KeySpec: 'RSA_2048' },
    { KeyUsage: 'SIGN_VERIFY' },
    { Origin: 'EXTERNAL' },
    { MultiRegion: true },
    { CustomKeyStoreId: 'cks-1' },
  ])('of other kinds are UnsupportedOperationException: %j', async (wishes) => {
    await expect(client.send(new kms.CreateKeyCommand(wishes))).rejects.toThrow(named('UnsupportedOperationException'))
  })

  it('are listed page by page, each once', async () => {
    const found: (string | undefined)[] = []
    for await (const { Keys } of kms.paginateListKeys({ client, pageSize: 2 }, {})) {
      expect(Keys?.length).toBeLessThanOrEqual(2)
      found.push(...(Keys ?? []).map((key) => key.KeyId))
    }
    expect(found).toContain(KeyId)
    expect(new Set(found).size).toBe(found.length)
    await expect(client.send(new kms.ListKeysCommand({ Marker: '***' }))).rejects.toThrow(
      named('InvalidMarkerException'),
    )
  })

  it('take another description', async () => {
    await client.send(new kms.UpdateKeyDescriptionCommand({ KeyId, Description: 'new' }))
    const { KeyMetadata } = await client.send(new kms.DescribeKeyCommand({ KeyId }))
    expect(KeyMetadata?.Description).toBe('new')
  })

  it.each([
    [NOBODY, 'NotFoundException'],
    [`arn:aws:kms:us-east-1:000000000000:key/${NOBODY}`, 'NotFoundException'],
    [`arn:aws:kms:eu-west-1:000000000000:key/${NOBODY}`, 'NotFoundException'],
    ['alias/nobody', 'NotFoundException'],
    ['nonsense', 'NotFoundException'],
    ['arn:aws:s3:::bucket', 'InvalidArnException'],
  ])('that are not there: %s is %s', async (name, code) => {
    await expect(client.send(new kms.DescribeKeyCommand({ KeyId: name }))).rejects.toThrow(named(code))
  })

  it('the managed key alias/aws/s3 is made at its first use and cannot be changed', async () => {
    const { KeyMetadata } = await client.send(new kms.DescribeKeyCommand({ KeyId: 'alias/aws/s3' }))
    expect(KeyMetadata).toMatchObject({ KeyManager: 'AWS', KeyState: 'Enabled' })
    const id = { KeyId: KeyMetadata?.KeyId }
    await expect(client.send(new kms.DisableKeyCommand(id))).rejects.toThrow(named('AccessDeniedException'))
    await expect(client.send(new kms.ScheduleKeyDeletionCommand(id))).rejects.toThrow(named('AccessDeniedException'))
    const policy = { ...id, Policy: '{}' }
    await expect(client.send(new kms.PutKeyPolicyCommand(policy))).rejects.toThrow(named('AccessDeniedException'))
    const use = { ...id, KeySpec: 'AES_256' } as const
    await expect(client.send(new kms.GenerateDataKeyCommand(use))).rejects.toThrow(named('AccessDeniedException'))
  })
})

describe('aliases', () => {
  it('are made, moved, listed and deleted', async () => {
    const AliasName = `alias/team/${KeyId}`
    const other = await client.send(new kms.CreateKeyCommand({}))
    await client.send(new kms.CreateAliasCommand({ AliasName, TargetKeyId: arn }))
    const listed = await client.send(new kms.ListAliasesCommand({ KeyId }))
    expect(listed.Aliases).toMatchObject([
      { AliasName, AliasArn: arn.replace(/key\/.*/, AliasName), TargetKeyId: KeyId },
    ])
    const again = new kms.CreateAliasCommand({ AliasName, TargetKeyId: KeyId })
    await expect(client.send(again)).rejects.toThrow(named('AlreadyExistsException'))
    await client.send(new kms.UpdateAliasCommand({ AliasName, TargetKeyId: other.KeyMetadata?.KeyId }))
    const moved = await client.send(new kms.DescribeKeyCommand({ KeyId: AliasName }))
    expect(moved.KeyMetadata?.KeyId).toBe(other.KeyMetadata?.KeyId)
    await client.send(new kms.DeleteAliasCommand({ AliasName }))
    await expect(client.send(new kms.DeleteAliasCommand({ AliasName }))).rejects.toThrow(named('NotFoundException'))
    const update = new kms.UpdateAliasCommand({ AliasName, TargetKeyId: KeyId })
    await expect(client.send(update)).rejects.toThrow(named('NotFoundException'))
  })

  it.each([
    ['alias/aws/mine', 'NotAuthorizedException'],
    ['mine', 'ValidationException'],
    ['alias/white space', 'ValidationException'],
  ])('%s is %s', async (AliasName, code) => {
    const create = new kms.CreateAliasCommand({ AliasName, TargetKeyId: KeyId })
    await expect(client.send(create)).rejects.toThrow(named(code))
  })

  it('page by page, each once', async () => {
    for (const letter of ['a', 'b', 'c']) {
      await client.send(new kms.CreateAliasCommand({ AliasName: `alias/${letter}-${KeyId}`, TargetKeyId: KeyId }))
    }
    const found: (string | undefined)[] = []
    for await (const { Aliases } of kms.paginateListAliases({ client, pageSize: 2 }, { KeyId })) {
      found.push(...(Aliases ?? []).map((alias) => alias.AliasName))
    }
    expect(found).toEqual(['a', 'b', 'c'].map((letter) => `alias/${letter}-${KeyId}`))
  })
})

describe('data keys', () => {
  it.each([
    [{ KeySpec: 'AES_256' }, 32],
    [{ KeySpec: 'AES_128' }, 16],
    [{ NumberOfBytes: 1024 }, 1024],
  ] as const)('%j: %i random bytes, which Decrypt gives again', async (wish, bytes) => {
    const made = await client.send(new kms.GenerateDataKeyCommand({ KeyId, EncryptionContext, ...wish }))
    expect(made.KeyId).toBe(arn)
    expect(made.Plaintext).toHaveLength(bytes)
    const { Plaintext, ...opened } = await client.send(
      new kms.DecryptCommand({ CiphertextBlob: made.CiphertextBlob, EncryptionContext }),
    )
    expect(Buffer.from(Plaintext ?? [])).toEqual(Buffer.from(made.Plaintext ?? []))
    expect(opened).toMatchObject({ KeyId: arn, EncryptionAlgorithm: 'SYMMETRIC_DEFAULT' })
  })

  it('without plaintext: only the ciphertext comes', async () => {
    const made = await client.send(new kms.GenerateDataKeyWithoutPlaintextCommand({ KeyId, KeySpec: 'AES_256' }))
    expect(made).not.toHaveProperty('Plaintext')
    const { Plaintext } = await client.send(new kms.DecryptCommand({ CiphertextBlob: made.CiphertextBlob }))
    expect(Plaintext).toHaveLength(32)
  })

  it.each([{}, { KeySpec: 'AES_256', NumberOfBytes: 32 }, { NumberOfBytes: 0 }, { NumberOfBytes: 1025 }] as const)(
    'of size %j are ValidationException',
    async (wish) => {
      const command = new kms.GenerateDataKeyCommand({ KeyId, ...wish })
      await expect(client.send(command)).rejects.toThrow(named('ValidationException'))
    },
  )

  it('DryRun checks and makes nothing', async () => {
    const command = new kms.GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256', DryRun: true })
    await expect(client.send(command)).rejects.toThrow(named('DryRunOperationException'))
  })

  it('random bytes are random', async () => {
    const make = () => client.send(new kms.GenerateRandomCommand({ NumberOfBytes: 32 }))
    const [a, b] = await Promise.all([make(), make()])
    expect(a.Plaintext).toHaveLength(32)
    expect(Buffer.from(a.Plaintext ?? [])).not.toEqual(Buffer.from(b.Plaintext ?? []))
  })
})

describe('ciphertexts', () => {
  it('name their key, and are never twice the same', async () => {
    const [first, second] = [await encrypt('text'), await encrypt('text')]
    expect(Buffer.from(first)).not.toEqual(Buffer.from(second))
    expect(await decrypt(first)).toBe('text')
    expect(await decrypt(second)).toBe('text')
  })

  it('open with the same context in any order', async () => {
    const blob = await encrypt('text', { a: '1', b: '2', ab: '' })
    expect(await decrypt(blob, { ab: '', b: '2', a: '1' })).toBe('text')
  })

  it.each([{}, { a: '1' }, { a: '1', b: '3' }, { a: '1', b: '2', c: '' }, { A: '1', b: '2' }, { a: '1b', '': '2' }])(
    'with context {a:1,b:2} do not open with %j: InvalidCiphertextException',
    async (context) => {
      const blob = await encrypt('text', { a: '1', b: '2' })
      await expect(decrypt(blob, context as Record<string, string>)).rejects.toThrow(
        named('InvalidCiphertextException'),
      )
    },
  )

  it('do not open with any one byte changed', async () => {
    const blob = Buffer.from(await encrypt('text'))
    for (let at = 0; at < blob.length; at += 3) {
      const changed = Buffer.from(blob)
      changed[at] = (changed[at] ?? 0) ^ 1
      // Bytes 1 to 16 name the key: another name is a key that is not there.
      const code = at >= 1 && at <= 16 ? 'NotFoundException' : 'InvalidCiphertextException'
      await expect(decrypt(changed), `byte ${at}`).rejects.toThrow(named(code))
    }
    await expect(decrypt(blob.subarray(0, -1))).rejects.toThrow(named('InvalidCiphertextException'))
    await expect(decrypt(randomBytes(20))).rejects.toThrow(named('InvalidCiphertextException'))
  })

  it('do not open under a key other than the one insisted on: IncorrectKeyException', async () => {
    const CiphertextBlob = await encrypt('text')
    const other = await client.send(new kms.CreateKeyCommand({}))
    const command = new kms.DecryptCommand({ CiphertextBlob, KeyId: other.KeyMetadata?.KeyId })
    await expect(client.send(command)).rejects.toThrow(named('IncorrectKeyException'))
  })

  it('hold 1 to 4096 bytes', async () => {
    expect(await decrypt(await encrypt('x'.repeat(4096)))).toHaveLength(4096)
    await expect(encrypt('x'.repeat(4097))).rejects.toThrow(named('ValidationException'))
    await expect(encrypt('')).rejects.toThrow(named('ValidationException'))
  })

  it('other algorithms are InvalidKeyUsageException', async () => {
    const command = new kms.EncryptCommand({
      KeyId,
      Plaintext: Buffer.from('x'),
      EncryptionAlgorithm: 'RSAES_OAEP_SHA_256',
    })
    await expect(client.send(command)).rejects.toThrow(named('InvalidKeyUsageException'))
  })

  it('go from key to key and context to context with ReEncrypt', async () => {
    const CiphertextBlob = await encrypt('text', { old: '1' })
    const other = await client.send(new kms.CreateKeyCommand({}))
    const moved = await client.send(
      new kms.ReEncryptCommand({
        CiphertextBlob,
        SourceEncryptionContext: { old: '1' },
        DestinationKeyId: other.KeyMetadata?.KeyId,
        DestinationEncryptionContext: { new: '2' },
      }),
    )
    expect(moved).toMatchObject({ SourceKeyId: arn, KeyId: other.KeyMetadata?.Arn })
    expect(await decrypt(moved.CiphertextBlob ?? Buffer.alloc(0), { new: '2' })).toBe('text')
    const wrong = new kms.ReEncryptCommand({ CiphertextBlob, DestinationKeyId: KeyId })
    await expect(client.send(wrong)).rejects.toThrow(named('InvalidCiphertextException'))
  })
})

describe('what KMS does not do', () => {
  it('is UnknownOperationException', async () => {
    const command = new kms.GetPublicKeyCommand({ KeyId })
    await expect(client.send(command)).rejects.toThrow(named('UnknownOperationException'))
  })
})
