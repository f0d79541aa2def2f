import { describe, expect, it } from 'vitest'
import { follow } from '../../../../renderer/state/follow.ts'

describe('chosen rows when a list is read anew', () => {
  it('go with their keys', () => {
    expect(follow([0, 2], 0, ['a', 'b', 'c'], ['0', 'a', 'b', 'c'])).toEqual([1, 3])
  })

  it('are chosen no more when their object is gone, so that no other is taken for it', () => {
    expect(follow([1], 0, ['a', 'b', 'c'], ['a', 'c'])).toEqual([])
  })

  it('stay where another part of the list was read', () => {
    expect(
      follow(
        [5, 205, 401],
        200,
        Array.from({ length: 200 }, (_, at) => `k${at.toString()}`),
        ['k5'],
      ),
    ).toEqual([5, 200, 401])
  })
})
