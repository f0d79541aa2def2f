import { fork, type ChildProcess } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Port, PortMessage } from '../../electron/base/parent-port.ts'

/** What passes between the two processes: a message to the parent's port, or to one of the others. */
export interface Wire {
  port?: number
  data?: unknown
  /** The number of a port that comes with the message. */
  brings?: number
  closed?: boolean
}

/** A program as Electron's main process forks it, in plain Node: it finds a parent port, and ports come over it. */
export interface Forked {
  child: ChildProcess
  /** What it says over its parent port, in order. */
  said: unknown[]
  /** Settles with the first that `matches`, said already or to come. */
  hear(matches: (message: unknown) => boolean): Promise<unknown>
  post(data: unknown): void
  /** Sends a message that brings a new port, and returns the near end of it. */
  postWithPort(data: unknown): Port
  end(): Promise<void>
}

const SHIM = pathToFileURL(resolve(import.meta.dirname, 'forked-shim.ts')).href

export function forkLikeElectron(program: string, env: NodeJS.ProcessEnv = process.env): Forked {
  const child = fork(program, [], {
    execArgv: ['--disable-warning=ExperimentalWarning', '--import', SHIM],
    env,
    serialization: 'advanced',
  })
  const ports = new Map<number, NearEnd>()
  const said: unknown[] = []
  const bell = new EventEmitter()
  child.on('message', ({ port, data, closed }: Wire) => {
    if (port === undefined) {
      said.push(data)
      bell.emit('said')
    } else if (closed === true) ports.get(port)?.emit('close')
    else ports.get(port)?.emit('message', { data, ports: [] } satisfies PortMessage)
  })
  child.on('exit', () => {
    bell.emit('said')
    for (const port of ports.values()) port.emit('close')
  })
  const send = (wire: Wire): void => {
    if (child.connected) child.send(wire)
  }
  return {
    child,
    said,
    async hear(matches) {
      for (;;) {
        const found = said.find(matches)
        if (found !== undefined) return found
        if (child.exitCode !== null) throw new Error(`${program} ended with ${child.exitCode}`)
        await once(bell, 'said')
      }
    },
    post: (data) => send({ data }),
    postWithPort(data) {
      const id = ports.size + 1
      const port = nearEnd((wire) => send({ ...wire, port: id }))
      ports.set(id, port)
      send({ data, brings: id })
      return port
    },
    async end() {
      if (child.exitCode !== null || child.signalCode !== null) return
      child.kill('SIGKILL')
      await once(child, 'exit')
    },
  }
}

type NearEnd = EventEmitter & Port

function nearEnd(send: (wire: Wire) => void): NearEnd {
  return Object.assign(new EventEmitter(), {
    postMessage: (data: unknown) => send({ data }),
    start: () => undefined,
    close: () => send({ closed: true }),
  })
}
