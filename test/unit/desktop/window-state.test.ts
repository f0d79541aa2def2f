import { describe, expect, it } from 'vitest'
import { DEFAULT_SIZE, placeWindow, readState, writeState } from '../../../electron/desktop/window-state.ts'

const SCREEN = { x: 0, y: 25, width: 1920, height: 1055 }
const SECOND = { x: 1920, y: 0, width: 1280, height: 800 }
const state = { x: 100, y: 80, width: 1400, height: 900, maximized: false }

describe('where the window opens', () => {
  it('is where it was', () => {
    expect(placeWindow(state, [SCREEN])).toEqual({ x: 100, y: 80, width: 1400, height: 900 })
    expect(placeWindow({ ...state, x: 2000 }, [SCREEN, SECOND])).toMatchObject({ x: 2000, width: 1280, height: 800 })
  })

  it('is the system’s choice at first', () => {
    expect(placeWindow(null, [SCREEN])).toEqual(DEFAULT_SIZE)
  })

  it.each([
    ['its screen is gone', { x: 2000, y: 80 }],
    ['it was left of every screen', { x: -1390, y: 80 }],
    ['its top was above every screen', { x: 100, y: 0 }],
    ['its top was below every screen', { x: 100, y: 1060 }],
  ])('is the system’s choice if %s', (_, moved) => {
    expect(placeWindow({ ...state, ...moved }, [SCREEN])).toEqual({ width: 1400, height: 900 })
  })

  it('is never smaller than the window may be', () => {
    expect(placeWindow({ ...state, width: 10, height: 10 }, [SCREEN])).toMatchObject({ width: 900, height: 600 })
  })
})

describe('what is remembered', () => {
  it('reads back', () => {
    expect(readState(writeState(state))).toEqual(state)
  })

  it.each(['', 'null', '{}', '{"x":1}', writeState({ ...state, width: 1e9 }), writeState({ ...state, x: 0.5 })])(
    'is nothing if it is none: %j',
    (text) => {
      expect(readState(text)).toBeNull()
    },
  )
})
