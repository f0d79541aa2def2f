import { beforeEach, describe, expect, it } from 'vitest'
import { openDragOut, type Dragged, type DragOut, type Fetched } from '../../../../renderer/state/drag-out.ts'

const film: Dragged = { place: 'local', bucket: 'vault', key: 'films/holiday.bin', size: 9, etag: 'one' }

/** What the host and the person hear, in order. */
let heard: string[]
let arrive: (fetched: Fetched) => void
/** Paths that the host still has. */
let kept: Set<string>
let out: DragOut
let isHeld: boolean
const hold = { isHeld: () => isHeld }

beforeEach(() => {
  heard = []
  kept = new Set(['/drag/1/holiday.bin'])
  isHeld = true
  out = openDragOut(
    {
      fetch({ key }, onShare) {
        heard.push(`fetch ${key}`)
        onShare(0.5)
        return new Promise((resolve) => (arrive = resolve))
      },
      begin(path) {
        if (kept.has(path)) heard.push(`begin ${path}`)
        return Promise.resolve(kept.has(path))
      },
    },
    {
      working: () => ({ at: (share) => void heard.push(`share ${share}`), end: () => void heard.push('working ends') }),
      done: (title) => void heard.push(title),
      failed: ({ code }) => void heard.push(code),
    },
  )
})

const START = ['fetch films/holiday.bin', 'share 0.5']
const BEGIN = 'begin /drag/1/holiday.bin'
const READY = '“holiday.bin” is ready. Drag it again.'

describe('a file that is dragged out', () => {
  it('is dragged as soon as it is there, while the button is down', async () => {
    const dragged = out.drag(film, hold)
    arrive({ path: '/drag/1/holiday.bin' })
    await dragged
    expect(heard).toEqual([...START, BEGIN, 'working ends'])
  })

  it('that comes after the button is up is not dragged, and is ready for the next time', async () => {
    const dragged = out.drag(film, hold)
    isHeld = false
    arrive({ path: '/drag/1/holiday.bin' })
    await dragged
    expect(heard).toEqual([...START, READY, 'working ends'])
    heard = []
    isHeld = true
    await out.drag(film, hold)
    expect(heard).toEqual([BEGIN])
  })

  it('is fetched once, and goes by the latest drag of it', async () => {
    const first = { held: true }
    const dragged = out.drag(film, { isHeld: () => first.held })
    first.held = false
    await out.drag(film, hold)
    arrive({ path: '/drag/1/holiday.bin' })
    await dragged
    expect(heard).toEqual([...START, BEGIN, 'working ends'])
  })

  it('is fetched anew when it has been removed or has changed', async () => {
    const dragged = out.drag(film, hold)
    arrive({ path: '/drag/1/holiday.bin' })
    await dragged
    heard = []
    const changed = out.drag({ ...film, etag: 'two' }, hold)
    arrive({ path: '/drag/1/holiday.bin' })
    await changed
    expect(heard).toEqual([...START, BEGIN, 'working ends'])
    heard = []
    kept.clear()
    const gone = out.drag(film, hold)
    await Promise.resolve()
    await Promise.resolve()
    expect(heard).toEqual(START)
    arrive({ failure: { code: 'OBJECT_NOT_FOUND', message: '', hint: '', facts: {} } })
    await gone
    expect(heard).toEqual([...START, 'OBJECT_NOT_FOUND', 'working ends'])
  })
})
