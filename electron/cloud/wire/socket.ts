import { connect, isIP, type Socket } from 'node:net'
import { connect as connectTls, type ConnectionOptions, type SecureContext } from 'node:tls'
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

/**
 * What comes is read straight into the buffers that `read` names: over TLS, OpenSSL decrypts a record and Node copies it
 * there, without a buffer and a stream's event of its own for each 16 KiB.
 */
export function socketTo(origin: Origin, { secureContext, sessions }: Tls, read: Read): Socket {
  const { secure, host, port } = origin
  if (!secure) return connect({ host, port, noDelay: true, onread: read })
  // The types do not know `onread`, which Node documents for connections over TLS as for others.
  const options: ConnectionOptions & { onread: Read } = {
    host,
    port,
    ALPNProtocols: ['http/1.1'],
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ...(secureContext === undefined ? {} : { secureContext }),
    session: sessions.get(nameOf(origin)),
    onread: read,
  }
  const socket = connectTls(options)
  socket.setNoDelay(true)
  socket.on('session', (session: Buffer) => sessions.set(nameOf(origin), session))
  return socket
}
