import { rateLimit } from '../../transfers/rate-limit.ts'
import { followRun } from '../../transfers/queue/follow.ts'
import type { RunEvent } from '../../transfers/queue/work.ts'
import type { TransferOrder } from '../../store/transfer-runs.ts'
import type { Item } from '../../store/transfer-items.ts'
import { keysBelow } from '../../vault/keys-below.ts'
import type { TransferDone } from '../../vault/transfer-work.ts'
import { verify } from '../../vault/verify.ts'
import type { Coffer } from '../context.ts'
import { procedures, signalOf } from './base.ts'
import { runBatch } from './batch.ts'
import { manyTasks, type CommonEvent } from './many.ts'
import { getOrder, putOrder } from './orders.ts'
import { recorded } from './recorded.ts'
import { purposeEvent } from './write-key.ts'

export const putMany = procedures.objects.put.handler(async function* ({ input, context: { coffer }, signal }) {
  const { order, writeKey } = await putOrder(coffer, input)
  const { mode, remembersMode } = order
  if (!remembersMode) {
    const { key } = order.options
    yield { kind: 'usual-mode' as const, mode, keyId: typeof key === 'string' ? key : undefined }
  }
  if (writeKey?.isFirstUse === true) yield purposeEvent(writeKey)
  for await (const event of work(coffer, order, input, signal)) {
    if (event.kind !== 'done') yield event
    else if (event.done.kind === 'put') yield { ...event.done, kind: 'file-done' as const, name: event.name }
  }
})

export const getMany = procedures.objects.get.handler(async function* ({ input, context: { coffer }, signal }) {
  const order = await getOrder(coffer, { ...input, keys: [input.key] }, false)
  for await (const event of work(coffer, order, input, signal)) {
    if (event.kind !== 'done') yield event
    else if (event.done.kind === 'get') yield { ...event.done, kind: 'file-done' as const, name: event.name }
  }
})

type Told = CommonEvent | { kind: 'done'; name: string; done: TransferDone }

/** A run in the foreground, in the words of the contract. */
async function* work(
  { transfers }: Coffer,
  order: TransferOrder,
  { concurrency: atOnce, limitRate }: { concurrency?: number | undefined; limitRate?: number | undefined },
  signal: AbortSignal | undefined,
): AsyncGenerator<Told, void, void> {
  const isDue = pace()
  const limit = limitRate === undefined ? undefined : rateLimit(limitRate)
  for await (const event of followRun(transfers, order, { atOnce, limit, signal: signalOf(signal) })) {
    if (event.kind !== 'progress' || isDue(event.item)) yield* inWords(event, order.bucket)
  }
}

function* inWords(event: RunEvent<TransferDone>, bucket: string): Generator<Told, void, void> {
  if (event.kind === 'found' || event.kind === 'stopped') return yield event
  const { name, key } = event.item
  switch (event.kind) {
    case 'started':
      return yield { kind: 'started', name, bucket, key, bytes: event.item.bytes }
    case 'resumed':
    case 'progress':
      return yield { kind: event.kind, name, done: event.done, total: event.total }
    case 'done':
      return yield { kind: 'done', name, done: event.done }
    case 'skipped':
      return yield {
        kind: 'skipped',
        name,
        why: event.item.error?.message ?? '',
        leftOut: event.item.error?.code === 'LEFT_OUT',
      }
    default:
      if (event.item.error !== undefined) yield { kind: 'file-failed', name, bucket, key, error: event.item.error }
  }
}

/** At most one progress event per file in this many milliseconds. */
const PROGRESS_EVERY = 100

function pace(): (item: Item) => boolean {
  const told = new WeakMap<Item, number>()
  return (item) => {
    const now = performance.now()
    const last = told.get(item)
    if (last !== undefined && now - last < PROGRESS_EVERY) return false
    told.set(item, now)
    return last !== undefined
  }
}

export const verifyMany = procedures.objects.verify.handler(async function* ({ input, context: { coffer }, signal }) {
  const { bucket, versionId, options } = input
  using vault = await coffer.openVault(input.place)
  const { place } = vault

  const batch = manyTasks(
    (stop) => keysBelow(vault, { bucket, prefix: input.key, instructionSuffix: options.instructionSuffix }, stop),
    async ({ name, key }, watch) => {
      const request = { bucket, key, versionId, options }
      const done = await recorded(coffer, { what: 'verify', place, bucket, key }, () => verify(vault, request, watch))
      return { kind: 'file-done' as const, name, ...done }
    },
    input.concurrency,
  )
  yield* runBatch(batch, signalOf(signal))
})
