import { Worker } from 'node:worker_threads'
import { builtProgram } from '../base/built-program.ts'
import { CofferError } from '../base/errors.ts'
import { throwIfAborted } from '../cloud/send.ts'
import type { KeyRing } from '../keys/keyring.ts'
import type { KeptFailure } from '../store/transfer-items.ts'
import { asOwn, keptOf } from '../transfers/queue/failure.ts'
import type { FromThread, KeyAnswer, KeyQuestion, PutBench, PutEnd, PutOrder, ToThread } from './put-orders.ts'
import type { PutResult, PutWatch, Vault } from './vault.ts'

/** Puts small files beside the event loop. */
export interface PutThread extends Disposable {
  /** True once it takes orders. It starts at the first question, for a start costs as much as a hundred files. */
  isReady(): boolean
  /**
   * The same as `put`, of a small file on disk, whose only progress is its end. Null: it is none any more, and nothing was done. Throws what `put` throws,
   * and INTERNAL if the thread has ended.
   */
  put(order: Omit<PutOrder, 'id'>, bytes: number, watch: PutWatch): Promise<PutResult | null>
}

interface Waiting {
  resolve: (result: PutResult | null) => void
  reject: (error: unknown) => void
}

/** Keys are lent to the thread one by one as it asks for them; what it stored is told to the catalog here. */
export function openPutThread(bench: PutBench, { keys, catalog }: Pick<Vault, 'keys' | 'catalog'>): PutThread {
  const waiting = new Map<number, Waiting>()
  let worker: Worker | undefined
  let state: 'idle' | 'starting' | 'ready' | 'over' = 'idle'
  let orders: PutOrder[] = []
  let last = 0

  const tell = (message: ToThread, transfer: ArrayBuffer[] = []): void => worker?.postMessage(message, transfer)

  function start(): void {
    state = 'starting'
    worker = new Worker(builtProgram('put-worker.js', 'vault/put-worker.ts'), { workerData: bench })
    worker.unref()
    worker.on('message', hear)
    worker.on('error', end).on('exit', end)
  }
  function hear(message: FromThread): void {
    if (message.kind === 'ready') state = 'ready'
    else if (message.kind === 'key') void answered(keys, message.question).then(lend)
    else for (const each of JSON.parse(message.ends) as PutEnd[]) settle(each)
  }
  function lend(answer: KeyAnswer): void {
    // What is handed over is not here any more.
    tell({ kind: 'key', answer }, 'secret' in answer ? [answer.secret.buffer as ArrayBuffer] : [])
  }
  function settle(ended: PutEnd): void {
    const mine = waiting.get(ended.id)
    waiting.delete(ended.id)
    if (waiting.size === 0) worker?.unref()
    if ('failure' in ended) return mine?.reject(revived(ended.failure))
    if ('declined' in ended) return mine?.resolve(null)
    if (ended.entry !== undefined) catalog.stored(ended.entry, ended.modified)
    mine?.resolve(ended.result)
  }
  function end(cause?: unknown): void {
    if (state === 'over') return
    state = 'over'
    for (const { reject } of waiting.values()) reject(gone(cause))
    waiting.clear()
  }

  /** What is ordered in one turn of the event loop goes over together. */
  function order(next: PutOrder): void {
    orders.push(next)
    if (orders.length > 1) return
    setImmediate(() => {
      tell({ kind: 'puts', orders })
      orders = []
    })
  }

  return {
    isReady() {
      if (state === 'idle') start()
      return state === 'ready'
    },
    async put(wanted, bytes, { signal, throttle }) {
      throwIfAborted(signal)
      await throttle?.(bytes)
      throwIfAborted(signal)
      const id = ++last
      const stop = (): void => tell({ kind: 'stop', id, reason: keptOf(asOwn(signal.reason)) })
      signal.addEventListener('abort', stop, { once: true })
      try {
        return await new Promise<PutResult | null>((resolve, reject) => {
          if (state === 'over') return reject(gone())
          waiting.set(id, { resolve, reject })
          worker?.ref()
          order({ ...wanted, id })
        })
      } finally {
        signal.removeEventListener('abort', stop)
      }
    },
    [Symbol.dispose]() {
      end()
      void worker?.terminate()
    },
  }
}

async function answered(keys: KeyRing, question: KeyQuestion): Promise<KeyAnswer> {
  const { id } = question
  try {
    if (question.what === 'list') return { id, found: await keys.list() }
    if (question.what === 'find') return { id, found: [await keys.find(question.key)] }
    return await keys.lend(question.key, (key): KeyAnswer => {
      if (key.kind !== 'aes-256') return { id, publicKey: key.publicKey, kind: key.kind }
      // In memory of its own, which goes over as a whole.
      const secret = new Uint8Array(new ArrayBuffer(key.bytes.length))
      secret.set(key.bytes)
      return { id, secret }
    })
  } catch (error) {
    return { id, failure: keptOf(asOwn(error)) }
  }
}

function gone(cause?: unknown): CofferError {
  return new CofferError('INTERNAL', 'The thread that puts small files has ended.', { cause })
}

/** A failure as it came over. */
export function revived({ code, message, hint, facts }: KeptFailure): CofferError {
  return new CofferError(code, message, { hint, facts })
}
