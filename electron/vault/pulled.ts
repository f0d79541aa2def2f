import { CofferError } from '../base/errors.ts'
import type { Sink } from '../transfers/download.ts'

/**
 * Turns a producer that pushes into a sink into one that is pulled from: a piece is handed over, and the producer goes on
 * when the next is asked for. Nothing is kept, so nothing is copied. The producer's failure is thrown in its place.
 */
export async function* pulled(produce: (sink: Sink) => Promise<void>): AsyncGenerator<Uint8Array, void, void> {
  let offered = Promise.withResolvers<Uint8Array | null>()
  let taken = Promise.withResolvers<undefined>()
  const producing = produce(async (piece) => {
    offered.resolve(piece)
    await taken.promise
  }).then(
    () => offered.resolve(null),
    (error: unknown) => offered.reject(error),
  )
  try {
    for (;;) {
      const piece = await offered.promise
      if (piece === null) return
      offered = Promise.withResolvers()
      yield piece
      taken.resolve(undefined)
      taken = Promise.withResolvers()
    }
  } finally {
    // The consumer may leave in the middle; the producer must not wait for it for ever.
    taken.promise.catch(() => undefined)
    offered.promise.catch(() => undefined)
    taken.reject(new CofferError('CANCELLED', 'Cancelled.'))
    await producing
  }
}
