import { describe, expect, it } from 'vitest'
import { follow } from '../../../../renderer/state/follow.ts'

const chosen = new Map([
  ['a', 'a as it was'],
  ['b', 'b as it was'],
])

describe('what is chosen when a list is read anew', () => {
  it('is as it is now, wherever it is now', () => {
    const now = new Map([
      ['0', 'new'],
      ['b', 'b as it is'],
      ['a', 'a as it is'],
    ])
    expect([...follow(chosen, new Set(['a', 'b']), now)]).toEqual([
      ['a', 'a as it is'],
      ['b', 'b as it is'],
    ])
  })

  it('is chosen no more when it is gone', () => {
    expect([...follow(chosen, new Set(['a', 'b']), new Map([['a', 'a as it is']])).keys()]).toEqual(['a'])
  })

  it('stays as it was where another part of the list was read', () => {
    expect(follow(chosen, new Set(['c']), new Map([['d', 'new']]))).toEqual(chosen)
  })
})
