import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { MessageChannel } from 'node:worker_threads'
import { RPCLink as MessagePortLink } from '@orpc/client/message-port'
import { RPCLink as WebSocketLink } from '@orpc/client/websocket'
import { RPCHandler as MessagePortHandler } from '@orpc/server/message-port'
import { RPCHandler as WebSocketHandler } from '@orpc/server/ws'
import { WebSocketServer } from 'ws'
import { createClient } from '../../../electron/api/client.ts'
import type { CofferClient } from '../../../electron/api/client.ts'
import { createInProcessClient, router } from '../../../electron/api/router.ts'
import type { Coffer } from '../../../electron/compose.ts'

/** A way to the contract, and its end. */
export interface Host {
  client: CofferClient
  close(): Promise<void> | void
}

function overMessagePort(coffer: Coffer): Host {
  const { port1, port2 } = new MessageChannel()
  new MessagePortHandler(router).upgrade(port1, { context: { coffer } })
  port1.start()
  port2.start()
  return { client: createClient(new MessagePortLink({ port: port2 })), close: () => port1.close() }
}

async function overWebSocket(coffer: Coffer): Promise<Host> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 })
  const handler = new WebSocketHandler(router)
  server.on('connection', (socket) => void handler.upgrade(socket, { context: { coffer } }))
  await once(server, 'listening')
  const websocket = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`)
  return {
    client: createClient(new WebSocketLink({ websocket })),
    async close() {
      websocket.close()
      server.close()
      await once(server, 'close')
    },
  }
}

/** Every way that a host may reach the contract. */
export const HOSTS: [string, (coffer: Coffer) => Host | Promise<Host>][] = [
  ['in the same process', (coffer) => ({ client: createInProcessClient(coffer), close: () => undefined })],
  ['over a MessagePort', overMessagePort],
  ['over a WebSocket', overWebSocket],
]
