/*
 * Loaded before a program that Electron would fork: gives it `process.parentPort`, made of Node's own channel. Ports of
 * Electron's kind are numbers on the wire; see forked.ts.
 */
import { EventEmitter } from 'node:events'
import type { Wire } from './forked.ts'

const parent = new EventEmitter()
const ports = new Map<number, EventEmitter>()
const early: unknown[] = []

/** As Electron does, messages wait until somebody listens. */
parent.on('newListener', () =>
  process.nextTick(() => early.splice(0).forEach((message) => parent.emit('message', message))),
)

function open(id: number): EventEmitter {
  const waiting: unknown[] = []
  let started = false
  const port = Object.assign(new EventEmitter(), {
    postMessage: (data: unknown) => send({ port: id, data }),
    start() {
      started = true
      for (const message of waiting.splice(0)) port.emit('message', message)
    },
    close: () => send({ port: id, closed: true }),
    take(message: unknown) {
      if (started) port.emit('message', message)
      else waiting.push(message)
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
    const known = ports.get(port) as (EventEmitter & { take(message: unknown): void }) | undefined
    if (closed === true) known?.emit('close')
    else known?.take({ data, ports: [] })
    return
  }
  const message = { data, ports: brings === undefined ? [] : [open(brings)] }
  if (parent.listenerCount('message') > 0) parent.emit('message', message)
  else early.push(message)
})

Object.assign(process, {
  parentPort: Object.assign(parent, { postMessage: (data: unknown) => send({ data }) }),
})
