import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { glob } from '../../../../electron/localcloud/kms/policy/glob.ts'
import { holds, normalKey, type ConditionFacts } from '../../../../electron/localcloud/kms/policy/condition.ts'

describe('wildcards', () => {
  it.each([
    ['kms:*', 'kms:Decrypt', true],
    ['kms:Gen*Key', 'kms:GenerateDataKey', true],
    ['kms:Gen*Key', 'kms:GenerateDataKeyX', false],
    ['a?c', 'abc', true],
    ['a?c', 'ac', false],
    ['*', '', true],
    ['', 'a', false],
    ['a*b*c', 'aXbXbXc', true],
    ['a.c', 'abc', false],
  ])('%s and %s: %s', (pattern, text, expected) => {
    expect(glob(pattern, text)).toBe(expected)
  })

  it('agree with the same pattern as a regular expression', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?'), maxLength: 8 })
    fc.assert(
      fc.property(letters, fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 10 }), (pattern, text) => {
        const expression = new RegExp(`^${pattern.replaceAll('*', '.*').replaceAll('?', '.')}$`)
        expect(glob(pattern, text)).toBe(expression.test(text))
      }),
      { numRuns: 500 },
    )
  })
})

describe('conditions', () => {
  const facts: ConditionFacts = new Map([
    [normalKey('kms:EncryptionContext:Team'), ['red']],
    [normalKey('kms:EncryptionContextKeys'), ['Team', 'other']],
    [normalKey('aws:PrincipalArn'), ['arn:aws:iam::000000000000:user/ada']],
  ])

  it.each<[string, string, string[], boolean]>([
    ['StringEquals', 'KMS:encryptioncontext:Team', ['red'], true],
    ['StringEquals', 'kms:EncryptionContext:team', ['red'], false],
    ['StringEquals', 'kms:EncryptionContext:Team', ['RED'], false],
    ['StringEqualsIgnoreCase', 'kms:EncryptionContext:Team', ['RED'], true],
    ['StringNotEquals', 'kms:EncryptionContext:Team', ['blue', 'green'], true],
    ['StringNotEquals', 'kms:EncryptionContext:Team', ['blue', 'red'], false],
    ['StringNotEquals', 'kms:EncryptionContext:none', ['red'], true],
    ['StringLike', 'kms:EncryptionContext:Team', ['r*'], true],
    ['StringNotLike', 'kms:EncryptionContext:Team', ['r*'], false],
    ['StringEqualsIfExists', 'kms:EncryptionContext:none', ['red'], true],
    ['StringEqualsIfExists', 'kms:EncryptionContext:Team', ['blue'], false],
    ['Null', 'kms:EncryptionContext:none', ['true'], true],
    ['Null', 'kms:EncryptionContext:Team', ['true'], false],
    ['ForAnyValue:StringEquals', 'kms:EncryptionContextKeys', ['Team'], true],
    ['ForAnyValue:StringEquals', 'kms:EncryptionContextKeys', ['nothing'], false],
    ['ForAnyValue:StringEquals', 'kms:ViaService', ['x'], false],
    ['ForAnyValue:StringNotEquals', 'kms:ViaService', ['x'], false],
    ['ForAllValues:StringEquals', 'kms:EncryptionContextKeys', ['Team'], false],
    ['ForAllValues:StringEquals', 'kms:EncryptionContextKeys', ['Team', 'other', 'x'], true],
    ['ForAllValues:StringEquals', 'kms:ViaService', ['x'], true],
    ['ArnLike', 'aws:PrincipalArn', ['arn:aws:iam::*:user/*'], true],
    ['ArnNotLike', 'aws:PrincipalArn', ['arn:aws:iam::*:user/*'], false],
  ])('%s %s %j: %s', (operator, key, values, expected) => {
    expect(holds({ operator, key, values }, facts)).toBe(expected)
  })
})
