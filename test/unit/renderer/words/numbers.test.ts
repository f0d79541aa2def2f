import { describe, expect, it } from 'vitest'
import { count, duration, lower, short, size, when } from '../../../../renderer/words/numbers.ts'

describe('numbers for people', () => {
  it('counts bytes by thousands, with one digit below ten', () => {
    expect([0, 999, 1000, 2_412_118, 48_000_000, 1.7e9].map(size)).toEqual([
      '0 B',
      '999 B',
      '1.0 kB',
      '2.4 MB',
      '48 MB',
      '1.7 GB',
    ])
  })

  it('has one of one thing and many of any other number', () => {
    expect([count(1, 'file'), count(0, 'file'), count(1204, 'file')]).toEqual(['1 file', '0 files', '1,204 files'])
  })

  it('tells a time in its largest units', () => {
    expect([0.2, 59, 60, 3600, 4800].map(duration)).toEqual(['1 s', '59 s', '1 min', '1 h', '1 h 20 min'])
  })

  it('tells a day by how near it is', () => {
    const now = new Date(2026, 10, 25, 15, 0)
    expect(when(new Date(2026, 10, 25, 14, 2), now)).toBe('Today 14:02')
    expect(when(new Date(2026, 10, 24, 23, 59), now)).toBe('Yesterday')
    expect(when(new Date(2026, 10, 21), now)).toBe('21 Nov')
    expect(when(new Date(2025, 1, 3), now)).toBe('3 Feb 2025')
  })

  it('has no capital within a sentence, but for months', () => {
    expect(['Today 14:02', 'Yesterday', '3 Feb 2025'].map(lower)).toEqual(['today 14:02', 'yesterday', '3 Feb 2025'])
  })

  it('shortens an id only where that saves something', () => {
    expect([short('a41f00009c'), short('a41f0000000009c2')]).toEqual(['a41f00009c', 'a41f…09c2'])
  })
})
