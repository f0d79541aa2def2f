import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { OWNER, OWNER_ARN } from '../../../../electron/localcloud/account.ts'
import { OPERATIONS } from '../../../../electron/localcloud/kms/operations/index.ts'
import { parsePolicy } from '../../../../electron/localcloud/kms/policy/document.ts'
import { judge } from '../../../../electron/localcloud/kms/policy/evaluate.ts'
import { createKms, type Kms } from '../../../../electron/localcloud/kms/service.ts'
import { KmsError } from '../../../../electron/localcloud/request.ts'

let dataDir: string
let kms: Kms
let keyId: string
beforeAll(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'coffer-kms-'))
  kms = createKms({ dataDir, wrappingKey: randomBytes(32), now: Date.now, principalExists: () => false })
  keyId = createKey()
})
afterAll(() => {
  kms.close()
  rmSync(dataDir, { recursive: true })
})

function createKey(): string {
  return (kms.call(OWNER, 'CreateKey', {}) as { KeyMetadata: { KeyId: string } }).KeyMetadata.KeyId
}

/** Undefined for a refusal in KMS's words; anything else is a failure. */
function answered<T>(act: () => T): T | undefined {
  try {
    return act()
  } catch (error) {
    if (error instanceof KmsError) return undefined
    throw error
  }
}

/** Values as JSON brings them, with names that every object has, and text that is no UTF-8. */
const word = fc.oneof(
  fc.constantFrom('__proto__', 'constructor', 'toString', '', '*', 'kms:*', 'Allow', 'Deny', OWNER_ARN, '\ud800'),
  fc.string({ unit: 'binary', maxLength: 10 }),
)
const json = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom(null, true, false, 0, -1, 1.5, 1e308),
    word,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.array(fc.tuple(word, tie('value')), { maxLength: 4 }).map((pairs) => Object.fromEntries(pairs)),
  ),
})).value

describe('calls', () => {
  const fields = [
    ...['KeyId', 'TargetKeyId', 'AliasName', 'Policy', 'PolicyName', 'Tags', 'TagKeys', 'Description', 'Limit'],
    ...['Marker', 'Plaintext', 'CiphertextBlob', 'EncryptionContext', 'EncryptionAlgorithm', 'KeySpec', 'DryRun'],
    ...['NumberOfBytes', 'PendingWindowInDays', 'RotationPeriodInDays', 'DestinationKeyId', 'SourceKeyId', '__proto__'],
  ]

  it.each([...OPERATIONS.keys()])('%s of any input is carried out or refused in the words of KMS', (action) => {
    const field = fc.oneof(
      fc.tuple(fc.constantFrom(...fields), json),
      fc.constantFrom<[string, unknown]>(
        ['KeyId', keyId],
        ['KeyId', 'alias/aws/s3'],
        ['Plaintext', 'AAAA'],
        ['CiphertextBlob', 'AQ=='],
      ),
    )
    const input = fc.oneof(
      { weight: 9, arbitrary: fc.array(field, { maxLength: 6 }).map((pairs) => Object.fromEntries(pairs)) },
      { weight: 1, arbitrary: json },
    )
    fc.assert(
      fc.property(input, (value) => {
        const output = answered(() => kms.call(OWNER, action, JSON.parse(JSON.stringify(value))))
        if (output !== undefined) expect(typeof output).toBe('object')
      }),
      { numRuns: 150 },
    )
  })

  it('an action nobody has is UnknownOperationException', () => {
    for (const action of ['constructor', '__proto__', '', 'Decrypt ', 'decrypt']) {
      expect(() => kms.call(OWNER, action, {})).toThrow(expect.objectContaining({ code: 'UnknownOperationException' }))
    }
  })
})

describe('ciphertext', () => {
  const context = { purpose: 'test' }
  const decrypt = (blob: Uint8Array, EncryptionContext: object = context) =>
    kms.call(OWNER, 'Decrypt', { CiphertextBlob: Buffer.from(blob).toString('base64'), EncryptionContext }) as {
      Plaintext: Buffer
    }
  const encrypt = () =>
    (
      kms.call(OWNER, 'Encrypt', { KeyId: createKey(), Plaintext: 'c2VjcmV0', EncryptionContext: context }) as {
        CiphertextBlob: Buffer
      }
    ).CiphertextBlob
  const notFound = expect.objectContaining({ code: 'NotFoundException' }) as Error
  const invalid = expect.objectContaining({ code: 'InvalidCiphertextException' }) as Error

  it('with any bit of any byte changed is InvalidCiphertextException, or NotFoundException where it names the key', () => {
    const blob = encrypt()
    expect(decrypt(blob).Plaintext.toString()).toBe('secret')
    for (let bit = 0; bit < blob.length * 8; bit++) {
      const changed = Buffer.from(blob)
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      // A name that is another one could be that of a key which was deleted.
      const namesKey = bit >> 3 >= 1 && bit >> 3 <= 16
      expect(() => decrypt(changed), `bit ${bit}`).toThrow(namesKey ? notFound : invalid)
    }
  })

  it('cut short, made longer, or of arbitrary bytes is InvalidCiphertextException', () => {
    const blob = encrypt()
    for (let end = 1; end < blob.length; end++) expect(() => decrypt(blob.subarray(0, end))).toThrow(invalid)
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 200 }), fc.boolean(), (bytes, behind) => {
        expect(() => decrypt(behind ? Buffer.concat([blob, bytes]) : bytes)).toThrow(invalid)
      }),
      { numRuns: 1000 },
    )
  })

  it('under any other encryption context is InvalidCiphertextException', () => {
    const blob = encrypt()
    const pairs = fc.array(fc.tuple(fc.oneof(word, fc.constant('purpose')), fc.oneof(word, fc.constant('test'))), {
      maxLength: 3,
    })
    fc.assert(
      fc.property(pairs, (other) => {
        const value = Object.fromEntries(other) as Record<string, string>
        fc.pre(JSON.stringify(value) !== JSON.stringify(context))
        const opened = answered(() => decrypt(blob, value))
        expect(opened).toBeUndefined()
      }),
      { numRuns: 1000 },
    )
  })

  it('is bound to a context named __proto__, and to no context that has no UTF-8', () => {
    const KeyId = createKey()
    const proto = JSON.parse('{"__proto__":"x"}') as object
    const seal = (EncryptionContext: object) =>
      kms.call(OWNER, 'Encrypt', { KeyId, Plaintext: 'AAAA', EncryptionContext }) as { CiphertextBlob: Buffer }
    const { CiphertextBlob } = seal(proto)
    expect(() => decrypt(CiphertextBlob, {})).toThrow(invalid)
    expect(decrypt(CiphertextBlob, proto).Plaintext).toEqual(Buffer.alloc(3))
    expect(() => seal({ a: '\ud800' })).toThrow(expect.objectContaining({ code: 'ValidationException' }))
    expect(() => seal({ a: 'x'.repeat(8192) })).toThrow(expect.objectContaining({ code: 'ValidationException' }))
    expect(() => kms.port.generateDataKey(OWNER, KeyId, { '\udfff': '' })).toThrow(KmsError)
  })
})

describe('policies', () => {
  const use = { principal: OWNER, action: 'kms:Decrypt', resource: 'arn', facts: new Map() }
  const some = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined })
  const names = fc.oneof(word, fc.array(word, { maxLength: 3 }), json)
  const statement = fc.oneof(
    json,
    fc.record({
      Sid: some(word),
      Effect: fc.oneof(fc.constantFrom('Allow', 'Deny'), json),
      Principal: some(fc.oneof(fc.constant('*'), fc.record({ AWS: names }), json)),
      NotPrincipal: some(names),
      Action: some(names),
      NotAction: some(names),
      Resource: some(names),
      Condition: some(
        fc.oneof(json, fc.dictionary(fc.constantFrom('StringEquals', 'Null', 'Bool', '__proto__'), json)),
      ),
    }),
  )

  it('of any form are read and judged, or refused in the words of KMS', () => {
    fc.assert(
      fc.property(fc.oneof(statement, fc.array(statement, { maxLength: 3 })), (Statement) => {
        const statements = answered(() => parsePolicy(JSON.stringify({ Version: '2012-10-17', Statement })))
        if (statements) expect(['allowed', 'explicitly denied', 'not allowed']).toContain(judge(statements, use))
      }),
      { numRuns: 3000 },
    )
  })

  it('of arbitrary text are refused in the words of KMS', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        expect(answered(() => parsePolicy(text))).toBeUndefined()
      }),
      { numRuns: 2000 },
    )
  })

  it.each([
    ['an operator', '{"__proto__":{"aws:PrincipalArn":"nobody"}}'],
    ['a key', '{"StringEquals":{"__proto__":"nobody"}}'],
    ['an operator beside others', '{"Null":{"a":"true"},"__proto__":{"b":"c"}}'],
  ])('a condition with %s named __proto__ is refused rather than forgotten', (_what, condition) => {
    const policy = `{"Statement":{"Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*","Condition":${condition}}}`
    expect(() => parsePolicy(policy)).toThrow(expect.objectContaining({ code: 'MalformedPolicyDocumentException' }))
  })

  it('patterns take no time that matters, whatever they are matched against', () => {
    const pattern = `*${'a'.repeat(15_000)}b`
    const condition = { StringLike: { 'kms:EncryptionContext:x': pattern } }
    const statements = parsePolicy(
      JSON.stringify({
        Statement: { Effect: 'Allow', Principal: '*', Action: 'kms:*', Resource: '*', Condition: condition },
      }),
    )
    const facts = new Map([['kms:encryptioncontext:x', ['a'.repeat(8000)]]])
    const began = performance.now()
    expect(judge(statements, { ...use, facts })).toBe('not allowed')
    expect(performance.now() - began).toBeLessThan(2000)
  })
})
