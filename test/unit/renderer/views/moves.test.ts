import { describe, expect, it } from 'vitest'
import { moveTo } from '../../../../renderer/views/vault/moves.ts'

describe('the cursor', () => {
  it('stays within the list', () => {
    expect(moveTo('ArrowUp', 0, 9)).toBe(0)
    expect(moveTo('ArrowDown', 9, 9)).toBe(9)
    expect(moveTo('PageDown', 0, 9)).toBe(9)
  })

  it('begins at the first row', () => {
    expect(moveTo('ArrowDown', -1, 9)).toBe(0)
  })

  it('goes to either end', () => {
    expect([moveTo('Home', 5, 9), moveTo('End', 5, 9)]).toEqual([0, 9])
  })

  it('goes nowhere on another key, or where there is no row', () => {
    expect(moveTo('x', 0, 9)).toBeUndefined()
    expect(moveTo('toString', 0, 9)).toBeUndefined()
    expect(moveTo('End', -1, -1)).toBeUndefined()
  })
})
