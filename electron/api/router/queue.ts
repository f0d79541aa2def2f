import { watchQueue } from '../../transfers/queue/watch.ts'
import { measurePut } from '../../vault/measure-put.ts'
import { setLimit } from '../../vault/rate-limits.ts'
import { procedures, signalOf } from './base.ts'
import { listLeftovers, removeLeftovers } from './leftovers.ts'
import { getOrder, putOrder } from './orders.ts'

const {
  put,
  measure,
  get,
  watch,
  items,
  pause,
  resume,
  cancel,
  retry,
  answer,
  allowUnencrypted,
  clear,
  resumeAll,
  limit,
  leftovers,
  cleanUp,
} = procedures.transfers

export const transfersRouter = {
  put: put.handler(async ({ input, context: { coffer } }) => {
    const { order } = await putOrder(coffer, input)
    return { run: coffer.transfers.begin(order).id }
  }),
  measure: measure.handler(({ input, signal }) => measurePut(input.paths, signalOf(signal))),
  get: get.handler(async ({ input, context: { coffer } }) => {
    const order = await getOrder(coffer, input, true)
    return { run: coffer.transfers.begin(order).id }
  }),
  watch: watch.handler(({ input, context: { coffer }, signal }) =>
    watchQueue(coffer.transfers, input.run, signalOf(signal)),
  ),
  items: items.handler(({ input: { run, ...page }, context: { coffer } }) => coffer.transfers.items(run, page)),
  pause: pause.handler(({ input, context: { coffer } }) => coffer.transfers.pause(input)),
  resume: resume.handler(({ input, context: { coffer } }) => coffer.transfers.resume(input)),
  cancel: cancel.handler(({ input, context: { coffer } }) => coffer.transfers.cancel(input)),
  retry: retry.handler(({ input, context: { coffer } }) => coffer.transfers.retry(input)),
  answer: answer.handler(({ input, context: { coffer } }) =>
    coffer.transfers.answer(input.run, input.answer, input.item),
  ),
  allowUnencrypted: allowUnencrypted.handler(({ input, context: { coffer } }) =>
    coffer.transfers.allowUnencrypted(input.run),
  ),
  clear: clear.handler(({ input, context: { coffer } }) => coffer.transfers.clear(input.run)),
  resumeAll: resumeAll.handler(({ context: { coffer } }) => ({ runs: coffer.transfers.resumeAll() })),
  limit: limit.handler(({ input, context: { coffer } }) => {
    const { limits } = coffer.transfers
    for (const way of ['up', 'down'] as const) {
      const wanted = input[way]
      if (wanted === undefined) continue
      setLimit(coffer.settings, way, wanted)
      limits[way].set(wanted)
    }
    return { up: limits.up.get(), down: limits.down.get() }
  }),
  leftovers: leftovers.handler(({ context: { coffer } }) => listLeftovers(coffer)),
  cleanUp: cleanUp.handler(({ input, context: { coffer } }) => removeLeftovers(coffer, input.ids)),
}
