import { RPCLink as PortLink } from '@orpc/client/message-port'
import { RPCLink as SocketLink } from '@orpc/client/websocket'
import { createClient, type CofferClient } from '../electron/api/client.ts'
import { PORT_MESSAGE, type Bridge } from '../electron/api/contract/bridge.ts'
import { browserHost } from './hosts/browser.ts'
import { desktopHost } from './hosts/desktop.ts'
import type { Host } from './host.ts'

declare global {
  /** What the desktop app's preload script offers; not there in a browser. */
  var cofferBridge: Bridge | undefined
}

export interface Connected {
  client: CofferClient
  host: Host
  /** Resolves when the door is shut: Coffer has ended, or is being started again. */
  lost: Promise<void>
}

/** Finds out where the window runs, once, and opens the door to Coffer. The rest of the window never knows. */
export async function connect(): Promise<Connected> {
  return globalThis.cofferBridge === undefined ? overSocket() : overPort(globalThis.cofferBridge)
}

async function overSocket(): Promise<Connected> {
  const socket = new WebSocket(`${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/engine`)
  await new Promise<void>((resolve, reject) => {
    socket.addEventListener('open', () => resolve(), { once: true })
    socket.addEventListener('error', () => reject(new Error('Coffer does not answer.')), { once: true })
  })
  const lost = new Promise<void>((resolve) => socket.addEventListener('close', () => resolve(), { once: true }))
  const client = createClient(new SocketLink({ websocket: socket }))
  return { client, host: browserHost(client), lost }
}

async function overPort(bridge: Bridge): Promise<Connected> {
  const coming = portFromPreload()
  bridge.requestPort()
  const port = await coming
  const client = createClient(new PortLink({ port }))
  const lost = new Promise<void>((resolve) => port.addEventListener('close', () => resolve(), { once: true }))
  port.start()
  return { client, host: desktopHost(bridge, client), lost }
}

/** The preload script hands it over as a message from this window to itself; nobody else can send one like it. */
function portFromPreload(): Promise<MessagePort> {
  return new Promise((resolve) => {
    const hear = ({ source, origin, data, ports: [port] }: MessageEvent): void => {
      if (source !== window || origin !== location.origin || data !== PORT_MESSAGE || port === undefined) return
      removeEventListener('message', hear)
      resolve(port)
    }
    addEventListener('message', hear)
  })
}
