import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { keepSecrets } from '../../../electron/keys/kept-secrets.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

function store(...answers: (Buffer | null)[]) {
  const read = vi.fn(() => Promise.resolve(answers.length > 1 ? (answers.shift() ?? null) : (answers[0] ?? null)))
  return read
}

test('many at once ask the store once, and each gets bytes of its own to zero', async () => {
  const kept = keepSecrets()
  const read = store(Buffer.from('secret'))
  const [one, other] = await Promise.all([kept.get('a', read), kept.get('a', read)])
  one?.fill(0)
  expect(other?.toString()).toBe('secret')
  expect((await kept.get('a', read))?.toString()).toBe('secret')
  expect(read).toHaveBeenCalledTimes(1)
})

test('what the store gave is zeroed as soon as it is sealed', async () => {
  const given = Buffer.from('secret')
  await keepSecrets().get('a', () => Promise.resolve(given))
  expect(given.every((byte) => byte === 0)).toBe(true)
})

test('it is asked again after five seconds, or once forgotten', async () => {
  const kept = keepSecrets()
  const read = vi.fn(() => Promise.resolve(Buffer.from('secret')))
  await kept.get('a', read)
  vi.advanceTimersByTime(5_000)
  await kept.get('a', read)
  kept.forget('a')
  await kept.get('a', read)
  expect(read).toHaveBeenCalledTimes(3)
})

test('that there is none, or that the store failed, is not remembered', async () => {
  const kept = keepSecrets()
  const read = store(null, Buffer.from('secret'))
  expect(await kept.get('a', read)).toBeNull()
  expect((await kept.get('a', read))?.toString()).toBe('secret')
  await expect(kept.get('b', () => Promise.reject(new Error('locked')))).rejects.toThrow('locked')
  expect((await kept.get('b', () => Promise.resolve(Buffer.from('other'))))?.toString()).toBe('other')
})
