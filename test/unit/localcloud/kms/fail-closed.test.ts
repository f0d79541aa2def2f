import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { OWNER, OWNER_ARN, userArn } from '../../../../electron/localcloud/account.ts'
import { createKms, type Kms } from '../../../../electron/localcloud/kms/service.ts'
import { openKmsStore } from '../../../../electron/localcloud/kms/store.ts'
import type { Principal } from '../../../../electron/localcloud/request.ts'

const wrappingKey = randomBytes(32)
const ADA: Principal = { arn: userArn('ada'), isOwner: false }
const BOB: Principal = { arn: userArn('bob'), isOwner: false }
const FOR_ALL = { Effect: 'Allow', Principal: { AWS: '*' }, Action: 'kms:*', Resource: '*' }
const DENY = { Effect: 'Deny', Principal: '*', Action: 'kms:Encrypt', Resource: '*' }

let dataDir = ''
let kms: Kms
let KeyId = ''
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'coffer-fail-closed-'))
  kms = open()
  const made = kms.call(OWNER, 'CreateKey', {}) as { KeyMetadata: { KeyId: string } }
  KeyId = made.KeyMetadata.KeyId
})
afterEach(() => {
  kms.close()
  rmSync(dataDir, { recursive: true })
})

function open(): Kms {
  return createKms({ dataDir, wrappingKey, now: Date.now, principalExists: (arn) => [ADA.arn, BOB.arn].includes(arn) })
}

const policyOf = (...statements: object[]): string => JSON.stringify({ Version: '2012-10-17', Statement: statements })

function put(Policy: string): object {
  return kms.call(OWNER, 'PutKeyPolicy', { KeyId, Policy, BypassPolicyLockoutSafetyCheck: true })
}

/** How it ended that somebody encrypts under the key. */
function encryptAs(principal: Principal): string {
  try {
    kms.call(principal, 'Encrypt', { KeyId, Plaintext: btoa('secret') })
    return 'allowed'
  } catch (error) {
    return error instanceof Error ? `${error.name}: ${error.message}` : ''
  }
}

describe('what cannot be applied is refused when it is put, with its place', () => {
  const condition = (Condition: object): string => policyOf(FOR_ALL, { ...DENY, Condition })
  it.each([
    [condition({ Bool: { 'aws:SecureTransport': 'false' } }), 'Statement[1].Condition.Bool["aws:SecureTransport"]'],
    [condition({ StringEquals: { 'aws:username': 'ada' } }), 'Statement[1].Condition.StringEquals["aws:username"]'],
    [condition({ StringNotEqualsIfExists: { 'aws:PrincipalTag/team': 'red' } }), 'StringNotEqualsIfExists['],
    [condition({ IpAddress: { 'aws:SourceIp': '10.0.0.0/8' } }), 'Statement[1].Condition.IpAddress:'],
    [
      condition({ DateLessThan: { 'aws:CurrentTime': '2030-01-01T00:00:00Z' } }),
      'Statement[1].Condition.DateLessThan:',
    ],
    [condition({ 'ForAnyValue:Null': { 'kms:ViaService': 'true' } }), 'Statement[1].Condition["ForAnyValue:Null"]:'],
    [condition({ Null: { 'kms:ViaService': 'maybe' } }), 'Statement[1].Condition.Null["kms:ViaService"]'],
    [condition({ StringEquals: { 'kms:ViaService': [] } }), 'Statement[1].Condition.StringEquals["kms:ViaService"]'],
    [
      condition({ StringEquals: { 'kms:EncryptionContext:': 'x' } }),
      'Condition.StringEquals["kms:EncryptionContext:"]',
    ],
    [
      condition({ StringEquals: { 'kms:EncryptionContext:user': '${aws:username}' } }),
      'Statement[1].Condition.StringEquals["kms:EncryptionContext:user"]: policy variables',
    ],
    [policyOf(FOR_ALL, { ...DENY, Resource: 'arn:aws:kms:*:${aws:PrincipalAccount}:key/*' }), 'Statement[1].Resource'],
    [policyOf(FOR_ALL, { ...DENY, Action: ['kms:Encrypt', 'kms:Decrpyt'] }), 'Statement[1].Action: kms:Decrpyt'],
    [policyOf(FOR_ALL, { ...DENY, Action: 's3:GetObject' }), 'Statement[1].Action'],
    [policyOf(FOR_ALL, { ...DENY, Principal: undefined, NotPrincipal: '*' }), 'Statement[1].NotPrincipal'],
    [
      policyOf({ ...FOR_ALL, Principal: undefined, NotPrincipal: { AWS: ADA.arn } }),
      'Statement[0].NotPrincipal: NotPrincipal is supported with Deny only',
    ],
    [policyOf(FOR_ALL, { ...DENY, Conditions: {} }), 'Statement[1]: Unrecognized key'],
    [policyOf(FOR_ALL, { ...DENY, Effect: 'deny' }), 'Statement[1].Effect'],
    [
      `{"Version":"2012-10-17","Statement":{"Effect":"Deny","Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*"}}`,
      'Statement.Effect: is there twice',
    ],
    [
      `{"Statement":[${JSON.stringify(FOR_ALL)},{"Effect":"Deny","Principal":"*","Action":"kms:*","Resource":"*",
        "Condition":{"StringEquals":{"kms:ViaService":"a"},"StringEquals":{"kms:CallerAccount":"b"}}}]}`,
      'Statement[1].Condition.StringEquals: is there twice',
    ],
  ])('%s', (policy, place) => {
    expect(() => put(policy)).toThrow(
      expect.objectContaining({
        name: 'MalformedPolicyDocumentException',
        message: expect.stringContaining(place) as string,
      }),
    )
    expect(encryptAs(OWNER)).toBe('allowed')
  })

  it('and so when a key is made', () => {
    const Policy = policyOf(FOR_ALL, { ...DENY, Condition: { Bool: { 'aws:SecureTransport': 'false' } } })
    expect(() => kms.call(OWNER, 'CreateKey', { Policy })).toThrow(/aws:SecureTransport/)
  })
})

describe('Deny with NotPrincipal', () => {
  it.each([
    ['everyone but one person', [ADA.arn], { ada: true, bob: false, owner: false }],
    ["the account's root excepts the root alone", [OWNER_ARN], { ada: false, bob: false, owner: true }],
    ['the account by its number, too', ['000000000000'], { ada: false, bob: false, owner: true }],
    ['as AWS advises, the person and the root', [ADA.arn, OWNER_ARN], { ada: true, bob: false, owner: true }],
  ])('denies: %s', (_what, names, allowed) => {
    put(policyOf(FOR_ALL, { ...DENY, Principal: undefined, NotPrincipal: { AWS: names } }))
    const outcome = { ada: encryptAs(ADA), bob: encryptAs(BOB), owner: encryptAs(OWNER) }
    for (const [name, text] of Object.entries(outcome)) {
      const expected = allowed[name as keyof typeof allowed] ? /^allowed$/ : /^AccessDeniedException: .*explicit deny/
      expect(text, name).toMatch(expected)
    }
  })
})

it('a stored policy that is not understood denies everything but the way to replace it', () => {
  kms.close()
  const store = openKmsStore(dataDir, wrappingKey)
  const key = store.key(KeyId)
  if (!key) throw new Error('The key is gone')
  const policy = policyOf(FOR_ALL, { ...DENY, Condition: { Bool: { 'aws:SecureTransport': 'false' } } })
  store.saveKey({ ...key, policy })
  store.close()
  kms = open()
  for (const principal of [OWNER, ADA]) {
    expect(encryptAs(principal)).toMatch(
      /^AccessDeniedException: .*not supported here.*Statement\[1\]\.Condition\.Bool\["aws:SecureTransport"\]/,
    )
  }
  expect(kms.call(OWNER, 'GetKeyPolicy', { KeyId })).toMatchObject({ Policy: policy })
  kms.forgetPrincipal(BOB.arn, 'AIDAAAAAAAAAAAAAAAAAA')
  put(policyOf(FOR_ALL))
  expect(encryptAs(ADA)).toBe('allowed')
})
