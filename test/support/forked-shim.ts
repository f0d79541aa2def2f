/*
 * Loaded before a program that Electron would fork: gives it `process.parentPort`, made of Node's own channel. Ports of
 * Electron's kind are numbers on the wire; see forked.ts.
 */
import { EventEmitter } from 'node:events'
import type { Wire } from './forked.ts'

const parent = new EventEmitter()
const ports = new Map<number, FarEnd>()
const early: unknown[] = []

/** As Electron does, messages wait until somebody listens. */
parent.on('newListener', () =>
  process.nextTick(() => early.splice(0).forEach((message) => parent.emit('message', message))),
)

interface FarEnd extends EventEmitter {
  /** Passes an event on once the port was started. */
  take(event: 'message' | 'close', message?: unknown): void
}

function open(id: number): FarEnd {
  const waiting: ['message' | 'close', unknown][] = []
  let started = false
  const port = Object.assign(new EventEmitter(), {
    postMessage: (data: unknown) => send({ port: id, data }),
    start() {
      started = true
      for (const [event, message] of waiting.splice(0)) port.emit(event, message)
    },
    close: () => send({ port: id, closed: true }),
    take(event: 'message' | 'close', message?: unknown) {
      if (started) port.emit(event, message)
      else waiting.push([event, message])
    },
  })
  ports.set(id, port)
  return port
}

function send(wire: Wire): void {
  process.send?.(wire)
}

process.on('message', ({ port, data, brings, closed }: Wire) => {
  if (port !== undefined) {
    if (closed === true) ports.get(port)?.take('close')
    else ports.get(port)?.take('message', { data, ports: [] })
    return
  }
  const message = { data, ports: brings === undefined ? [] : [open(brings)] }
  if (parent.listenerCount('message') > 0) parent.emit('message', message)
  else early.push(message)
})

Object.assign(process, {
  parentPort: Object.assign(parent, { postMessage: (data: unknown) => send({ data }) }),
})
