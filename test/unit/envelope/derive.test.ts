import { hkdfSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { deriveCommitment, deriveContentKey, verifyCommitment } from '../../../electron/envelope/derive.ts'
import { HKDF_ANSWERS, failure, hex } from './support.ts'

describe('key derivation', () => {
  it('derives with HKDF-SHA512 as RFC 5869 says (its own vectors are for SHA-256, so the construction is checked there)', () => {
    const okm = hkdfSync(
      'sha256',
      Buffer.alloc(22, 0x0b),
      hex('000102030405060708090a0b0c'),
      hex('f0f1f2f3f4f5f6f7f8f9'),
      42,
    )
    expect(Buffer.from(okm).toString('hex')).toBe(
      '3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865',
    )
  })

  it.each(HKDF_ANSWERS)('gives the known content key and commitment of data key $dataKey', (answer) => {
    const [dataKey, messageId] = [hex(answer.dataKey), hex(answer.messageId)]
    expect(deriveContentKey(dataKey, messageId).toString('hex')).toBe(answer.contentKey)
    expect(deriveCommitment(dataKey, messageId).toString('hex')).toBe(answer.commitment)
    expect(() => verifyCommitment(dataKey, messageId, hex(answer.commitment))).not.toThrow()
  })

  it('refuses a data key that another commitment belongs to', () => {
    const [first, second] = HKDF_ANSWERS
    expect(
      failure(() => verifyCommitment(hex(first.dataKey), hex(first.messageId), hex(second.commitment))),
    ).toHaveProperty('code', 'COMMITMENT_MISMATCH')
  })

  it.each([0, 16, 31, 33])('refuses a data key of %i bytes', (length) => {
    expect(failure(() => deriveContentKey(Buffer.alloc(length), Buffer.alloc(28, 1)))).toHaveProperty(
      'code',
      'ENVELOPE_INVALID',
    )
  })

  it.each([0, 27, 29])('refuses a message id of %i bytes', (length) => {
    expect(failure(() => deriveCommitment(Buffer.alloc(32), Buffer.alloc(length, 1)))).toHaveProperty(
      'code',
      'ENVELOPE_INVALID',
    )
  })

  it('refuses a commitment that is cut short', () => {
    const [{ dataKey, messageId, commitment }] = HKDF_ANSWERS
    expect(
      failure(() => verifyCommitment(hex(dataKey), hex(messageId), hex(commitment).subarray(0, 27))),
    ).toHaveProperty('code', 'COMMITMENT_MISMATCH')
  })
})
