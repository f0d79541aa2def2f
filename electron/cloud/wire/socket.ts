import { connect, isIP, type Socket } from 'node:net'
import { connect as connectTls, type SecureContext } from 'node:tls'
import { nameOf, type Origin } from './origin.ts'

/** Where what comes goes, and who is told. */
export type Read = { buffer: () => Buffer; callback: (count: number) => boolean }

/** What a connection over TLS is opened with. */
export interface Tls {
  /** Holds the trusted authorities; undefined: the runtime's own. */
  secureContext?: SecureContext | undefined
  /** What a server gave to begin again with, by the name of its origin. */
  sessions: Map<string, Buffer>
}

/** Over plain HTTP the system reads straight into the buffers that `read` names. */
export function socketTo(origin: Origin, { secureContext, sessions }: Tls, read: Read): Socket {
  const { secure, host, port } = origin
  if (!secure) return connect({ host, port, noDelay: true, onread: read })
  const socket = connectTls({
    host,
    port,
    ALPNProtocols: ['http/1.1'],
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ...(secureContext === undefined ? {} : { secureContext }),
    session: sessions.get(nameOf(origin)),
  })
  socket.setNoDelay(true)
  socket.on('session', (session: Buffer) => sessions.set(nameOf(origin), session))
  socket.on('data', (chunk: Buffer) => {
    for (let at = 0; at < chunk.length && !socket.destroyed;) {
      const taken = chunk.copy(read.buffer(), 0, at)
      at += taken
      read.callback(taken)
    }
  })
  return socket
}
