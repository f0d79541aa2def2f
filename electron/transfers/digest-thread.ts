import { Worker } from 'node:worker_threads'
import { builtProgram } from '../base/built-program.ts'
import { CofferError } from '../base/errors.ts'
import { digestOf, type Digest, type DigestAnswer, type DigestOrder } from './digest.ts'

/** Handing over costs more than hashing less than this, in bytes. */
const WORTH_IT = 512 * 1024

interface Waiting {
  resolve: (digest: Digest) => void
  reject: (error: unknown) => void
}

interface Thread {
  worker: Worker
  waiting: Map<number, Waiting>
}

let thread: Thread | undefined
let orders = 0

/**
 * Hashes beside the event loop what lies in shared memory and is large enough; everything else at once. The bytes must not
 * change meanwhile. One thread does: it hashes more than a gigabyte a second.
 */
export function digest(bytes: Uint8Array): Promise<Digest> {
  if (bytes.length < WORTH_IT || !(bytes.buffer instanceof SharedArrayBuffer)) return Promise.resolve(digestOf(bytes))
  const { worker, waiting } = (thread ??= start())
  const id = ++orders
  return new Promise((resolve, reject) => {
    waiting.set(id, { resolve, reject })
    worker.ref()
    worker.postMessage({ id, bytes } satisfies DigestOrder)
  })
}

/** The thread stays for the next transfer, and keeps no process alive that has nothing for it to do. */
function start(): Thread {
  const started: Thread = {
    worker: new Worker(builtProgram('digest-worker.js', 'transfers/digest-worker.ts')),
    waiting: new Map(),
  }
  const { worker, waiting } = started
  worker.on('message', ({ id, digest }: DigestAnswer) => {
    waiting.get(id)?.resolve(digest)
    waiting.delete(id)
    if (waiting.size === 0) worker.unref()
  })
  const end = (cause: unknown): void => {
    if (thread === started) thread = undefined
    for (const { reject } of waiting.values())
      reject(new CofferError('INTERNAL', 'The hashing thread ended.', { cause }))
    waiting.clear()
  }
  worker.on('error', end).on('exit', end)
  return started
}
