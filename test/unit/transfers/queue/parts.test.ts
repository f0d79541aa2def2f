import { describe, expect, test } from 'vitest'
import { openLanes } from '../../../../electron/transfers/queue/lanes.ts'
import { nameOf } from '../../../../electron/transfers/queue/numbered.ts'
import { openSpeed } from '../../../../electron/transfers/queue/speed.ts'
import { rateLimit } from '../../../../electron/transfers/rate-limit.ts'

const MiB = 1024 * 1024

/** How many files of this size get in, one after the other. */
function fill(lanes: ReturnType<typeof openLanes>, large: boolean, bytes: number, contended: boolean): number {
  for (let entered = 0; ; entered++) if (!lanes.enter(large, bytes, contended) || entered === 1000) return entered
}

describe('the lanes', () => {
  test('small files do not fill the memory that is kept for large ones', () => {
    const lanes = openLanes()
    expect(fill(lanes, false, 8 * MiB, true)).toBeLessThanOrEqual(4)
    expect(lanes.enter(true, 1024 * MiB, true)).toBe(true)
  })
  test('large files do not keep small ones out', () => {
    const lanes = openLanes()
    fill(lanes, true, 1024 * MiB, false)
    expect(lanes.enter(false, 100, true)).toBe(true)
  })
  test('a file that needs more than all of the memory goes alone', () => {
    const lanes = openLanes()
    expect(fill(lanes, true, 5 * 1024 * 1024 * MiB, false)).toBe(1)
  })
  test('what leaves makes room', () => {
    const lanes = openLanes()
    const before = fill(lanes, false, 100, false)
    lanes.leave(false, 100)
    expect(fill(lanes, false, 100, false)).toBe(1)
    expect(before).toBe(64)
  })
})

describe('a name beside one that is taken', () => {
  test.each([
    ['a.txt', 'a (2).txt'],
    ['folder.d/name', 'folder.d/name (2)'],
    ['.profile', '.profile (2)'],
    ['x/archive.tar.gz', 'x/archive (2).tar.gz'],
    ['a b. c', 'a b. c (2)'],
  ])('%s becomes %s', (key, expected) => {
    expect(nameOf('put', { key, path: 'p', copy: 2 })).toEqual({ key: expected, path: 'p' })
    expect(nameOf('get', { key: 'k', path: key, copy: 2 })).toEqual({ key: 'k', path: expected })
  })
})

test('the speed is that of the last five seconds', () => {
  let time = 0
  const speed = openSpeed(() => time)
  expect(speed(0)).toBe(0)
  time = 1000
  expect(speed(100)).toBe(100)
  for (time = 2000; time <= 20_000; time += 1000) speed(100)
  expect(speed(100)).toBe(0)
})

describe('a rate limit', () => {
  const never = new AbortController().signal
  test('lets everything pass if there is none', async () => {
    await rateLimit(null).pass(1e12, never)
  })
  test('makes bytes wait, and is lifted while they do', async () => {
    const limit = rateLimit(1000)
    const began = performance.now()
    await limit.pass(200, never)
    expect(performance.now() - began).toBeGreaterThan(150)
    const waiting = limit.pass(1e9, never)
    limit.set(null)
    await waiting
    expect(performance.now() - began).toBeLessThan(5000)
  })
  test('a stop ends the wait', async () => {
    const stop = new AbortController()
    const waiting = rateLimit(1).pass(1e9, stop.signal)
    stop.abort()
    await expect(waiting).rejects.toMatchObject({ code: 'CANCELLED' })
  })
})
