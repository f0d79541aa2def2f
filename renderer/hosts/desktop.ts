import type { Host } from '../host.ts'

/** What the preload script offers. */
export interface Bridge {
  port(): Promise<MessagePort>
}

export function desktopHost(_bridge: Bridge): Host {
  throw new Error('to come')
}
