import { resolve as absolute } from 'node:path'
import { Worker } from 'node:worker_threads'
import { builtProgram } from '../base/built-program.ts'
import { withCompiled } from '../base/compiled.ts'
import { CofferError } from '../base/errors.ts'
import type { BucketDemands } from '../cloud/bucket-demands.ts'
import { throwIfAborted } from '../cloud/send.ts'
import type { KeyRing } from '../keys/keyring.ts'
import type { Downloads } from '../store/downloads.ts'
import { asOwn, keptOf, revived } from '../transfers/queue/failure.ts'
import type {
  FromThread,
  GetOrder,
  KeyAnswer,
  KeyQuestion,
  PutOrder,
  SmallBench,
  SmallEnd,
  SmallOrder,
  ToThread,
} from './small-orders.ts'
import type { GetRequest, GetResult, PutResult, Vault, Watch } from './vault.ts'

/** How an order is watched; its only progress is its end. */
type SmallWatch = Pick<Watch, 'signal' | 'throttle'>

/** Moves small files beside the event loop. */
export interface SmallThread extends Disposable {
  /** True once it takes orders, false if it has ended. It starts at the first question: that costs as much as a hundred files. */
  ready(): Promise<boolean>
  /**
   * The same as `put`, of a small file on disk. Null: it is none any more, and nothing was done. Throws what `put` throws,
   * and INTERNAL if the thread has ended.
   */
  put(order: Omit<PutOrder, 'id' | 'what'>, bytes: number, watch: SmallWatch): Promise<PutResult | null>
  /**
   * The same as `get`, of an object that is small. Null: it is not, or has to be got in the usual way, and nothing was done.
   * Throws what `get` throws, and INTERNAL if the thread has ended.
   */
  get(wanted: GetRequest, watch: SmallWatch): Promise<GetResult | null>
}

/** What stays in the main thread. */
export type SmallBooks = Pick<Vault, 'keys' | 'catalog' | 'lastReads'> & {
  downloads: Pick<Downloads, 'temporaryFor'>
  /** Remembers what the thread learned of a bucket for the runs that come. */
  learn?: (bucket: string, demands: BucketDemands) => void
}

type Ended = Exclude<SmallEnd, { failure: unknown }>

interface Waiting {
  resolve: (end: Ended) => void
  reject: (error: unknown) => void
}

/** What each file leaves is dead when it ends: with more room, the collector comes less often, and finds less alive. */
const ROOM = { maxYoungGenerationSizeMb: 96 }

/** Keys are lent to the thread one by one as it asks for them; what it moved is told to the catalog here. */
export function openSmallThread(bench: SmallBench, books: SmallBooks): SmallThread {
  const { keys, catalog, lastReads, downloads, learn } = books
  const waiting = new Map<number, Waiting>()
  let worker: Worker | undefined
  let isOver = false
  const begun = Promise.withResolvers<boolean>()
  let orders: SmallOrder[] = []
  let last = 0

  const tell = (message: ToThread, transfer: ArrayBuffer[] = []): void => worker?.postMessage(message, transfer)

  function start(): void {
    const program = builtProgram('small-worker.js', 'vault/small-worker.ts')
    worker = new Worker(program, { workerData: bench, env: withCompiled(process.env), resourceLimits: ROOM })
    worker.on('message', hear)
    worker.on('error', end).on('exit', end)
  }
  function hear(message: FromThread): void {
    if (message.kind === 'ready') begin()
    else if (message.kind === 'demands') learn?.(message.bucket, message.demands)
    else if (message.kind === 'key') void answered(keys, message.question).then(lend)
    else for (const each of JSON.parse(message.ends) as SmallEnd[]) settle(each)
  }
  function begin(): void {
    if (waiting.size === 0) worker?.unref()
    begun.resolve(true)
  }
  function lend(answer: KeyAnswer): void {
    // What is handed over is not here any more.
    tell({ kind: 'key', answer }, 'secret' in answer ? [answer.secret.buffer as ArrayBuffer] : [])
  }
  function settle(ended: SmallEnd): void {
    const mine = waiting.get(ended.id)
    waiting.delete(ended.id)
    if (waiting.size === 0) worker?.unref()
    if ('failure' in ended) mine?.reject(revived(ended.failure))
    else mine?.resolve(ended)
  }
  function end(cause?: unknown): void {
    if (isOver) return
    isOver = true
    begun.resolve(false)
    for (const { reject } of waiting.values()) reject(gone(cause))
    waiting.clear()
  }

  /** What is ordered in one turn of the event loop goes over together. */
  function send(order: SmallOrder): void {
    orders.push(order)
    if (orders.length > 1) return
    setImmediate(() => {
      tell({ kind: 'orders', orders })
      orders = []
    })
  }

  async function carryOut(order: SmallOrder, bytes: number, { signal, throttle }: SmallWatch): Promise<Ended> {
    throwIfAborted(signal)
    await throttle?.(bytes)
    throwIfAborted(signal)
    const { id } = order
    const stop = (): void => tell({ kind: 'stop', id, reason: keptOf(asOwn(signal.reason)) })
    signal.addEventListener('abort', stop, { once: true })
    try {
      return await new Promise<Ended>((resolve, reject) => {
        if (isOver) return reject(gone())
        waiting.set(id, { resolve, reject })
        worker?.ref()
        send(order)
      })
    } finally {
      signal.removeEventListener('abort', stop)
    }
  }

  return {
    async ready() {
      if (worker === undefined && !isOver) start()
      return (await begun.promise) && !isOver
    },
    async put(wanted, bytes, watch) {
      const ended = await carryOut({ ...wanted, what: 'put', id: ++last }, bytes, watch)
      if (!('put' in ended)) return null
      if (ended.entry !== undefined) catalog.stored(ended.entry, ended.modified)
      return ended.put
    },
    async get(wanted, watch) {
      const { bucket, key, size = 0 } = wanted
      const path = absolute(wanted.path)
      const temporary = await downloads.temporaryFor(path)
      const known = catalog.recall(bench.place, bucket, key)
      const order: GetOrder = { ...wanted, what: 'get', id: ++last, temporary, known }
      const ended = await carryOut(order, size, watch)
      if (!('got' in ended)) return null
      lastReads?.remember({ place: bench.place, bucket, key, etag: ended.etag }, ended.got.journey)
      if (ended.entry !== undefined) catalog.remember(ended.entry)
      return ended.got
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
    if (question.what === 'claim') return { id, found: [await keys.claim(question.key, question.purpose)] }
    return await keys.lend(question.key, question.purpose, (key): KeyAnswer => {
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
  return new CofferError('INTERNAL', 'The thread that moves small files has ended.', { cause })
}
