import { RPCLink as PortLink } from '@orpc/client/message-port'
import { RPCLink as SocketLink } from '@orpc/client/websocket'
import { createClient, type CofferClient } from '../electron/api/client.ts'
import { PORT_MESSAGE, type Bridge } from '../electron/api/contract/bridge.ts'
import { SESSION_ITEM, socketProtocols } from '../electron/api/contract/browser-session.ts'
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

/** This tab has no session: Coffer runs, and was opened in another tab or browser. */
export class NoSession extends Error {}

/**
 * Finds out where the window runs, once, and connects it to Coffer. The rest of the window never knows. Throws NoSession in a
 * tab of a browser that may not use Coffer.
 */
export async function connect(): Promise<Connected> {
  return globalThis.cofferBridge === undefined ? overSocket() : overPort(globalThis.cofferBridge)
}

async function overSocket(): Promise<Connected> {
  const secret = sessionStorage.getItem(SESSION_ITEM)
  if (secret === null) throw new NoSession()
  const socket = new WebSocket(`ws://${location.host}/engine`, socketProtocols(secret))
  const opened = await new Promise<boolean>((resolve) => {
    socket.addEventListener('open', () => resolve(true), { once: true })
    socket.addEventListener('error', () => resolve(false), { once: true })
  })
  if (!opened) throw (await isServed()) ? new NoSession() : new Error('Coffer does not answer.')
  const lost = new Promise<void>((resolve) => socket.addEventListener('close', () => resolve(), { once: true }))
  const client = createClient(new SocketLink({ websocket: socket }))
  return { client, host: browserHost(client, secret), lost }
}

/** A refused socket does not say why: a server that still answers has refused it. */
function isServed(): Promise<boolean> {
  return fetch(location.origin).then(
    () => true,
    () => false,
  )
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
