import { expect, test } from 'vitest'
import { CofferError } from '../../../electron/base/errors.ts'
import { isPause, pausedReason } from '../../../electron/base/pause.ts'
import { throwIfAborted } from '../../../electron/cloud/send.ts'

test('a pause is told from a cancel by its reason, also through a signal that follows another', () => {
  const outer = new AbortController()
  const inner = AbortSignal.any([outer.signal, new AbortController().signal])
  expect(isPause(inner)).toBe(false)
  outer.abort(pausedReason())
  expect(isPause(inner)).toBe(true)
  expect(() => throwIfAborted(inner)).toThrow(expect.objectContaining({ code: 'PAUSED' }))
})

test('a cancel is no pause', () => {
  expect(isPause(AbortSignal.abort())).toBe(false)
  expect(isPause(AbortSignal.abort(new CofferError('CANCELLED', 'Cancelled.')))).toBe(false)
})
