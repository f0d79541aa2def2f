import { describe, expect, it } from 'vitest'
import { noise } from '../../support/files.ts'
import { findAny, formsOf, runFinder } from '../../support/needles.ts'

const plaintext = noise(200_000, 'plaintext')
const findPlaintext = runFinder(plaintext)

describe('the scanner for leaks', () => {
  it('finds 16 bytes of the plaintext at any alignment, and not 15', () => {
    const hay = noise(5000, 'hay')
    for (const at of [0, 3, 70_001]) {
      const run = plaintext.subarray(at + 5, at + 21)
      expect(findPlaintext(Buffer.concat([hay, run, hay]))).toMatchObject({ at: expect.any(Number) as number })
      expect(findPlaintext(Buffer.concat([hay, run.subarray(1), hay]))).toBeNull()
    }
  })

  it('finds a key as it is, in hex, and in base64 amid other bytes', () => {
    const key = noise(32, 'a key')
    const amid = Buffer.concat([noise(7, 'x'), key, noise(9, 'y')])
    for (const form of [amid, amid.toString('hex'), amid.toString('base64'), key.toString('base64')]) {
      expect(findAny(formsOf(key))(Buffer.from(form))).toBe(true)
    }
    expect(findAny(formsOf(key))(amid.subarray(8))).toBe(false)
  })
})
