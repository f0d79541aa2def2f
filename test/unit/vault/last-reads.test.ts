import { expect, test } from 'vitest'
import type { Journey } from '../../../electron/base/journey.ts'
import { openLastReads } from '../../../electron/vault/last-reads.ts'

const journey = (text: string): Journey => [{ actor: 's3', act: 'fetch', text, facts: {}, evidence: 'seen' }]
const state = (key: string, etag = '"1"') => ({ place: 'p', bucket: 'b', key, etag })

test('the last read of a state of an object is told, and of another state nothing', () => {
  const reads = openLastReads()
  reads.remember(state('a'), journey('first'))
  reads.remember(state('a'), journey('second'))
  expect(reads.of(state('a'))).toEqual({ at: expect.any(Date) as Date, journey: journey('second') })
  expect(reads.of(state('a', '"2"'))).toBeNull()
  expect(reads.of({ ...state('a'), place: 'q' })).toBeNull()
})

test('of many, those that were read longest ago are forgotten', () => {
  const reads = openLastReads(2)
  for (const key of ['a', 'b', 'a', 'c']) reads.remember(state(key), journey(key))
  expect(['a', 'b', 'c'].map((key) => reads.of(state(key))?.journey[0]?.text)).toEqual(['a', undefined, 'c'])
})
