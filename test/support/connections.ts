import type { Connection } from '../../electron/cloud/connection.ts'
import { connectionTo, startLocalCloud } from './localcloud.ts'
import { startMoto } from './moto.ts'

/** A server that a vault can be opened on. */
export interface ConnectedServer {
  connection: Connection
  stop(): Promise<unknown>
}

/** This computer, whose listings have pages of 1,000 objects, and one that is not ours, where the page size can be chosen. */
export const SERVERS: [name: string, start: (options?: { pageSize: number }) => Promise<ConnectedServer>][] = [
  [
    'This computer',
    async () => {
      const cloud = await startLocalCloud()
      return { connection: connectionTo(cloud), stop: () => cloud.stop() }
    },
  ],
  ['moto', startMoto],
]
