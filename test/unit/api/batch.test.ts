import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { runBatch } from '../../../electron/api/router/batch.ts'
import type { Batch } from '../../../electron/api/router/batch.ts'

type Told = string

function batch(items: number[], work: Batch<number, Told>['work'], more: Partial<Batch<number, Told>> = {}) {
  return {
    capacity: 4,
    cost: () => 1,
    async *find() {
      await sleep(0)
      yield* items
    },
    work,
    ...more,
  }
}

const never = new AbortController().signal

describe('runBatch', () => {
  it('tells everything that the work tells, and ends when the last item is through', async () => {
    const work: Batch<number, Told>['work'] = async (item, emit) => {
      emit(`start ${item}`)
      await sleep(10 - item)
      emit(`end ${item}`)
    }
    const told = await Array.fromAsync(runBatch(batch([1, 2, 3, 4, 5, 6], work), never))
    expect(told).toHaveLength(12)
    for (const item of [1, 2, 3, 4, 5, 6]) {
      expect(told.indexOf(`start ${item}`)).toBeLessThan(told.indexOf(`end ${item}`))
    }
  })

  it('never holds more than its capacity', async () => {
    let held = 0
    let most = 0
    const cost = (item: number): number => (item % 3 === 0 ? 3 : 1)
    const work: Batch<number, Told>['work'] = async (item) => {
      held += cost(item)
      most = Math.max(most, held)
      await sleep(2)
      held -= cost(item)
    }
    await Array.fromAsync(
      runBatch(
        batch(
          Array.from({ length: 40 }, (_, index) => index),
          work,
          { cost },
        ),
        never,
      ),
    )
    expect(most).toBeLessThanOrEqual(4)
    expect(most).toBeGreaterThan(1)
  })

  it('works on an item that costs more than the capacity, alone', async () => {
    const done: number[] = []
    const work: Batch<number, Told>['work'] = async (item) => {
      await sleep(1)
      done.push(item)
    }
    await Array.fromAsync(runBatch(batch([1, 2], work, { cost: () => 100 }), never))
    expect(done).toEqual([1, 2])
  })

  it('throws CANCELLED once the signal has fired and everything under way has stopped', async () => {
    const stop = new AbortController()
    let underWay = 0
    const work: Batch<number, Told>['work'] = async (_item, emit, signal) => {
      underWay += 1
      emit('begun')
      await sleep(10_000, undefined, { signal }).catch(() => undefined)
      underWay -= 1
    }
    const events = runBatch(batch([1, 2, 3, 4, 5, 6], work), stop.signal)
    await events.next()
    stop.abort()
    await expect(Array.fromAsync(events)).rejects.toMatchObject({ code: 'CANCELLED' })
    expect(underWay).toBe(0)
  })

  it('stops what is under way when the consumer stops reading', async () => {
    let stopped = 0
    const work: Batch<number, Told>['work'] = async (_item, emit, signal) => {
      emit('begun')
      await sleep(10_000, undefined, { signal }).catch(() => (stopped += 1))
    }
    for await (const told of runBatch(batch([1, 2], work), never)) {
      expect(told).toBe('begun')
      break
    }
    expect(stopped).toBe(2)
  })

  it('throws what the search throws, after stopping what is under way', async () => {
    let stopped = 0
    const work: Batch<number, Told>['work'] = async (_item, _emit, signal) => {
      await sleep(10_000, undefined, { signal }).catch(() => (stopped += 1))
    }
    const find = async function* () {
      yield 1
      await sleep(5)
      throw new Error('the list broke off')
    }
    const events = runBatch(batch([], work, { find }), never)
    await expect(Array.fromAsync(events)).rejects.toMatchObject({ code: 'INTERNAL' })
    expect(stopped).toBe(1)
  })
})
