import * as kms from '@aws-sdk/client-kms'
import { GetObjectCommand, PutObjectCommand, CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { callAdmin, createPrincipal, type Person } from '../../../support/admin.ts'
import { kmsClient } from '../../../support/kms.ts'
import { startLocalCloud, type LocalCloud } from '../../../support/localcloud.ts'
import { errorCode } from '../../../support/signed-fetch.ts'

let cloud: LocalCloud
let owner: kms.KMSClient
let ada: Person
let asAda: kms.KMSClient
beforeAll(async () => {
  cloud = await startLocalCloud()
  owner = kmsClient(cloud)
  ada = await createPrincipal(cloud, 'ada')
  asAda = kmsClient(cloud, ada)
})
afterAll(async () => {
  owner.destroy()
  asAda.destroy()
  await cloud.stop()
})

let KeyId: string
let arn: string
beforeEach(async () => {
  const { KeyMetadata } = await owner.send(new kms.CreateKeyCommand({}))
  KeyId = KeyMetadata?.KeyId ?? ''
  arn = KeyMetadata?.Arn ?? ''
})

const ROOT = 'arn:aws:iam::000000000000:root'
const ALL_TO_OWNER = { Effect: 'Allow', Principal: { AWS: ROOT }, Action: 'kms:*', Resource: '*' }

function policyOf(...statements: object[]): string {
  return JSON.stringify({ Version: '2012-10-17', Statement: statements })
}

function put(Policy: string, bypass = false): Promise<unknown> {
  const BypassPolicyLockoutSafetyCheck = bypass
  return owner.send(new kms.PutKeyPolicyCommand({ KeyId, Policy, BypassPolicyLockoutSafetyCheck }))
}

function use(client: kms.KMSClient, EncryptionContext: Record<string, string> = {}): Promise<unknown> {
  return client.send(new kms.GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256', EncryptionContext }))
}

function named(name: string, message?: string): Error {
  return expect.objectContaining(message === undefined ? { name } : { name, message }) as Error
}

const allow = (more: object = {}) => ({
  Effect: 'Allow',
  Principal: { AWS: ada.arn },
  Action: ['kms:GenerateDataKey*', 'kms:Decrypt'],
  Resource: '*',
  ...more,
})

describe('key policies', () => {
  it('without a statement there is no use, said in the words of AWS', async () => {
    await expect(use(asAda)).rejects.toThrow(
      named(
        'AccessDeniedException',
        `User: ${ada.arn} is not authorized to perform: kms:GenerateDataKey on resource: ${arn} because no resource-based policy allows the kms:GenerateDataKey action`,
      ),
    )
  })

  it('an Allow allows the actions it names, and no others', async () => {
    await put(policyOf(ALL_TO_OWNER, allow()))
    await use(asAda)
    await expect(asAda.send(new kms.DisableKeyCommand({ KeyId }))).rejects.toThrow(named('AccessDeniedException'))
    const encrypt = new kms.EncryptCommand({ KeyId, Plaintext: Buffer.from('x') })
    await expect(asAda.send(encrypt)).rejects.toThrow(named('AccessDeniedException'))
  })

  it('an explicit Deny wins over every Allow', async () => {
    await put(policyOf(ALL_TO_OWNER, allow(), allow({ Effect: 'Deny', Action: 'kms:*' })))
    const denied = `User: ${ada.arn} is not authorized to perform: kms:GenerateDataKey on resource: ${arn} with an explicit deny in a resource-based policy`
    await expect(use(asAda)).rejects.toThrow(named('AccessDeniedException', denied))
    await use(owner)
  })

  it('a Deny of the account denies everyone in it', async () => {
    const deny = { Effect: 'Deny', Principal: { AWS: ROOT }, Action: 'kms:GenerateDataKey', Resource: '*' }
    await put(policyOf(ALL_TO_OWNER, allow(), deny))
    await expect(use(asAda)).rejects.toThrow(named('AccessDeniedException'))
    await expect(use(owner)).rejects.toThrow(named('AccessDeniedException'))
  })

  it('a condition on the encryption context decides', async () => {
    const Condition = { StringEquals: { 'kms:EncryptionContext:team': ['red', 'blue'] } }
    await put(policyOf(ALL_TO_OWNER, allow({ Condition })))
    await use(asAda, { team: 'red' })
    await use(asAda, { team: 'blue', more: 'x' })
    await expect(use(asAda, { team: 'green' })).rejects.toThrow(named('AccessDeniedException'))
    await expect(use(asAda, { Team: 'red' })).rejects.toThrow(named('AccessDeniedException'))
    await expect(use(asAda)).rejects.toThrow(named('AccessDeniedException'))
  })

  it('a condition on the names in the context decides', async () => {
    const Condition = {
      'ForAllValues:StringEquals': { 'kms:EncryptionContextKeys': ['a', 'b'] },
      Null: { 'kms:EncryptionContextKeys': false },
    }
    await put(policyOf(ALL_TO_OWNER, allow({ Condition })))
    await use(asAda, { a: '1' })
    await use(asAda, { a: '1', b: '2' })
    await expect(use(asAda, { a: '1', c: '3' })).rejects.toThrow(named('AccessDeniedException'))
    await expect(use(asAda)).rejects.toThrow(named('AccessDeniedException'))
  })

  it('both ends of ReEncrypt are asked', async () => {
    const other = await owner.send(new kms.CreateKeyCommand({}))
    const { CiphertextBlob } = await owner.send(new kms.EncryptCommand({ KeyId, Plaintext: Buffer.from('x') }))
    const move = () =>
      asAda.send(new kms.ReEncryptCommand({ CiphertextBlob, DestinationKeyId: other.KeyMetadata?.KeyId }))
    await put(policyOf(ALL_TO_OWNER, allow({ Action: 'kms:ReEncryptFrom' })))
    await expect(move()).rejects.toThrow(/kms:ReEncryptTo on resource/)
    const Policy = policyOf(ALL_TO_OWNER, allow({ Action: 'kms:ReEncrypt*' }))
    await owner.send(new kms.PutKeyPolicyCommand({ KeyId: other.KeyMetadata?.KeyId, Policy }))
    await move()
    await put(policyOf(ALL_TO_OWNER))
    await expect(move()).rejects.toThrow(/kms:ReEncryptFrom on resource/)
  })

  it('what is the account’s and not a key’s is the owner’s alone', async () => {
    const commands = [
      () => asAda.send(new kms.CreateKeyCommand({})),
      () => asAda.send(new kms.ListKeysCommand({})),
      () => asAda.send(new kms.ListAliasesCommand({})),
      () => asAda.send(new kms.GenerateRandomCommand({ NumberOfBytes: 1 })),
      () => asAda.send(new kms.CreateAliasCommand({ AliasName: 'alias/x', TargetKeyId: KeyId })),
    ]
    for (const call of commands) await expect(call()).rejects.toThrow(named('AccessDeniedException'))
  })

  it('are read as they were put, and listed', async () => {
    const policy = policyOf(ALL_TO_OWNER, allow({ Sid: 'ada' }))
    await put(policy)
    const read = await owner.send(new kms.GetKeyPolicyCommand({ KeyId }))
    expect(read).toMatchObject({ Policy: policy, PolicyName: 'default' })
    const { PolicyNames } = await owner.send(new kms.ListKeyPoliciesCommand({ KeyId }))
    expect(PolicyNames).toEqual(['default'])
    const other = new kms.GetKeyPolicyCommand({ KeyId, PolicyName: 'other' })
    await expect(owner.send(other)).rejects.toThrow(named('NotFoundException'))
  })

  it.each([
    ['no JSON', '{'],
    ['no statement', '{"Version":"2012-10-17"}'],
    ['another version', '{"Version":"2020-01-01","Statement":[]}'],
    ['an unknown element', policyOf(ALL_TO_OWNER, { ...ALL_TO_OWNER, Else: 1 })],
    ['no principal', policyOf(ALL_TO_OWNER, { Effect: 'Allow', Action: '*', Resource: '*' })],
    ['Action and NotAction', policyOf({ ...ALL_TO_OWNER, NotAction: 'kms:Decrypt' })],
    ['nonsense for an action', policyOf(ALL_TO_OWNER, { ...ALL_TO_OWNER, Action: 'everything' })],
    ['an unknown operator', policyOf(ALL_TO_OWNER, { ...ALL_TO_OWNER, Condition: { Sometimes: { a: 'b' } } })],
    [
      'nobody for a principal',
      policyOf(ALL_TO_OWNER, { ...ALL_TO_OWNER, Principal: { AWS: 'arn:aws:iam::000000000000:user/nobody' } }),
    ],
  ])('with %s are MalformedPolicyDocumentException', async (_what, policy) => {
    await expect(put(policy)).rejects.toThrow(named('MalformedPolicyDocumentException'))
  })

  it('that would lock the caller out are refused, unless the caller insists', async () => {
    const locked = policyOf(allow())
    await expect(put(locked)).rejects.toThrow(named('MalformedPolicyDocumentException'))
    const create = new kms.CreateKeyCommand({ Policy: locked })
    await expect(owner.send(create)).rejects.toThrow(named('MalformedPolicyDocumentException'))
    await put(locked, true)
    await expect(use(owner)).rejects.toThrow(named('AccessDeniedException'))
    await use(asAda)
    await put(policyOf(ALL_TO_OWNER))
    await use(owner)
  })
})

describe('principals', () => {
  it('are made, listed and deleted by the owner alone', async () => {
    const bob = await createPrincipal(cloud, 'bob')
    const again = await callAdmin(cloud, 'CreatePrincipal', { Name: 'bob' })
    expect(errorCode(again)).toBe('AlreadyExistsException')
    const list = await callAdmin(cloud, 'ListPrincipals', {})
    expect(list.body).toContain(bob.arn)
    expect(list.body).not.toContain(bob.secretAccessKey)
    expect(errorCode(await callAdmin(cloud, 'ListPrincipals', {}, bob))).toBe('AccessDeniedException')
    expect(errorCode(await callAdmin(cloud, 'CreatePrincipal', { Name: 'eve' }, bob))).toBe('AccessDeniedException')
    expect((await callAdmin(cloud, 'DeletePrincipal', { Name: 'bob' })).status).toBe(200)
    expect(errorCode(await callAdmin(cloud, 'ListPrincipals', {}, bob))).toBe('UnrecognizedClientException')
    expect(errorCode(await callAdmin(cloud, 'DeletePrincipal', { Name: 'bob' }))).toBe('NotFoundException')
    expect(errorCode(await callAdmin(cloud, 'CreatePrincipal', { Name: 'a b' }))).toBe('ValidationException')
    expect(errorCode(await callAdmin(cloud, 'Nothing', {}))).toBe('UnknownOperationException')
  })

  it('a later namesake inherits nothing from a deleted principal', async () => {
    const first = await createPrincipal(cloud, 'eve')
    await put(policyOf(ALL_TO_OWNER, allow({ Principal: { AWS: first.arn } })))
    await callAdmin(cloud, 'DeletePrincipal', { Name: 'eve' })
    const { Policy } = await owner.send(new kms.GetKeyPolicyCommand({ KeyId }))
    expect(Policy).not.toContain(first.arn)
    const second = await createPrincipal(cloud, 'eve')
    expect(second.arn).toBe(first.arn)
    const client = kmsClient(cloud, second)
    await expect(use(client)).rejects.toThrow(named('AccessDeniedException'))
    client.destroy()
    await put(Policy ?? '')
  })
})

describe('S3 asks KMS for its caller', () => {
  it('the policy decides, kms:ViaService included', async () => {
    const s3 = (credentials: { accessKeyId: string; secretAccessKey: string }) =>
      new S3Client({
        endpoint: cloud.endpoint,
        region: cloud.region,
        credentials,
        forcePathStyle: true,
        maxAttempts: 1,
      })
    const [ownerS3, adaS3] = [s3(cloud), s3(ada)]
    await ownerS3.send(new CreateBucketCommand({ Bucket: 'policies' }))
    const object = { Bucket: 'policies', Key: 'k' }
    const write = (client: S3Client) =>
      client.send(new PutObjectCommand({ ...object, Body: 'x', ServerSideEncryption: 'aws:kms', SSEKMSKeyId: KeyId }))
    const denied = named('AccessDenied')
    await expect(write(adaS3)).rejects.toThrow(denied)
    await put(
      policyOf(
        ALL_TO_OWNER,
        allow({ Condition: { StringEquals: { 'kms:ViaService': 's3.us-east-1.amazonaws.com' } } }),
      ),
    )
    await write(adaS3)
    await expect(use(asAda)).rejects.toThrow(named('AccessDeniedException'))
    const read = await adaS3.send(new GetObjectCommand(object))
    expect(await read.Body?.transformToString()).toBe('x')
    await put(policyOf(ALL_TO_OWNER))
    await expect(adaS3.send(new GetObjectCommand(object))).rejects.toThrow(denied)
    const own = await ownerS3.send(new GetObjectCommand(object))
    expect(await own.Body?.transformToString()).toBe('x')
    ownerS3.destroy()
    adaS3.destroy()
  })
})
