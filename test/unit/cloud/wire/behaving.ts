import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { openClients } from '../../../../electron/cloud/clients.ts'
import type { Clients } from '../../../../electron/cloud/connection.ts'

/** What one request got to see of a bad server. */
export type Behaviour = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>

export interface BehavingServer {
  server: Server
  clients: Clients
  /** The requests so far, in order. */
  seen: IncomingMessage[]
  close(): void
}

/** Each request meets the next behaviour; the last one stays. `patience` of the clients in milliseconds. */
export async function startBehaving(behaviours: Behaviour[], patience?: number): Promise<BehavingServer> {
  const seen: IncomingMessage[] = []
  const server = createServer((request, response) => {
    seen.push(request)
    void (behaviours[seen.length - 1] ?? behaviours.at(-1))?.(request, response)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const clients = openClients({
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    kmsEndpoint: undefined,
    region: 'us-east-1',
    pathStyle: true,
    caBundle: undefined,
    checksums: 'when-supported',
    credentials: { kind: 'keys', accessKeyId: 'AKIA', secretAccessKey: 'secret' },
    patience,
  })
  return {
    server,
    clients,
    seen,
    close() {
      clients.close()
      server.closeAllConnections()
      server.close()
    },
  }
}
