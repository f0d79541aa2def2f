/*
 * What Electron gives to a process that it forked in place of a channel of Node's own: one port to whoever forked it, over
 * which further ports come. Named here so that nothing outside of desktop/ needs Electron.
 */

export interface PortMessage {
  data: unknown
  ports: Port[]
}

/** Electron's MessagePortMain. Nothing comes before `start`. */
export interface Port {
  on(event: 'message', listener: (message: PortMessage) => void): unknown
  on(event: 'close', listener: () => void): unknown
  postMessage(message: unknown): void
  start(): void
  close(): void
}

export interface ParentPort {
  on(event: 'message', listener: (message: PortMessage) => void): unknown
  postMessage(message: unknown): void
}

/** The port to the parent; undefined in a process that Electron has not forked. */
export function parentPort(): ParentPort | undefined {
  return (process as { parentPort?: ParentPort | null }).parentPort ?? undefined
}
