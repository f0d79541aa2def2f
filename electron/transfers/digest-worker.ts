import { parentPort } from 'node:worker_threads'
import { digestOf, type DigestAnswer, type DigestOrder } from './digest.ts'

/* A thread that hashes: the main one is then free to seal and to send. It sees what is stored, and never a key. */
parentPort?.on('message', ({ id, bytes }: DigestOrder) => {
  parentPort?.postMessage({ id, digest: digestOf(bytes) } satisfies DigestAnswer)
})
