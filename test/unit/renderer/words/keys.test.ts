import { describe, expect, it } from 'vitest'
import { keyName } from '../../../../renderer/words/keys.ts'

const own = [{ id: 'a1', name: 'mine' }]
const kms = [
  { keyId: 'k-1', aliases: ['alias/contracts', 'alias/second'] },
  { keyId: 'k-2', aliases: [] },
]

describe('the name of a key', () => {
  it("is what the person called it, of a key of one's own", () => {
    expect(keyName('a1', own, kms)).toBe('mine')
  })

  it('is the first alias of a KMS key, whether its id or its ARN is known', () => {
    expect(keyName('k-1', own, kms)).toBe('contracts')
    expect(keyName('arn:aws:kms:eu-central-1:111122223333:key/k-1', own, kms)).toBe('contracts')
  })

  it('is the alias itself, where that is all that is known', () => {
    expect(keyName('alias/payroll/2026', own, [])).toBe('payroll/2026')
    expect(keyName('arn:aws:kms:eu-central-1:111122223333:alias/payroll', own, [])).toBe('payroll')
  })

  it('is none, where nobody has named it or it is not here', () => {
    expect(keyName('k-2', own, kms)).toBeUndefined()
    expect(keyName('b2', own, kms)).toBeUndefined()
  })
})
