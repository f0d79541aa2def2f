import { describe, expect, it } from 'vitest'
import { GCM_MAX_PLAINTEXT, plaintextSize, refuseBeyondGcm, sealedSize } from '../../../electron/envelope/size.ts'
import { failure } from './support.ts'

describe('sizes', () => {
  it('adds sixteen bytes for the tag, and takes them off again', () => {
    for (const size of [0, 1, 15, 16, 17, 2 ** 31, GCM_MAX_PLAINTEXT]) {
      expect(sealedSize(size)).toBe(size + 16)
      expect(plaintextSize(sealedSize(size))).toBe(size)
    }
  })

  it('takes 2^36 - 32 bytes, 68,719,476,704, and not one more', () => {
    expect(GCM_MAX_PLAINTEXT).toBe(68_719_476_704)
    expect(() => refuseBeyondGcm(GCM_MAX_PLAINTEXT)).not.toThrow()
    expect(failure(() => sealedSize(GCM_MAX_PLAINTEXT + 1))).toHaveProperty('code', 'TOO_LARGE')
  })

  it('names the modes that can take a file that is too large', () => {
    expect(failure(() => sealedSize(GCM_MAX_PLAINTEXT + 1)).message).toMatch(/SSE-S3, SSE-KMS and SSE-C/)
  })

  it.each([-1, 0.5, Number.NaN, Infinity])('refuses %d as a size', (size) => {
    expect(failure(() => sealedSize(size))).toHaveProperty('code', 'INVALID_INPUT')
  })

  it.each([0, 1, 15])('refuses an object of %i bytes, which cannot hold a tag', (size) => {
    expect(failure(() => plaintextSize(size))).toHaveProperty('code', 'TRUNCATED')
  })

  it('refuses an object that is larger than GCM can seal', () => {
    expect(failure(() => plaintextSize(GCM_MAX_PLAINTEXT + 17))).toHaveProperty('code', 'INTEGRITY')
  })
})
