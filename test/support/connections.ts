import type { Connection } from '../../electron/cloud/connection.ts'
import { startLocalCloud } from './localcloud.ts'
import { startMoto } from './moto.ts'

/** A server that a vault can be opened on. */
export interface ConnectedServer {
  connection: Connection
  stop(): Promise<unknown>
}

/** This computer, and one that is not ours. */
export const SERVERS: [name: string, start: () => Promise<ConnectedServer>][] = [
  [
    'This computer',
    async () => {
      const cloud = await startLocalCloud()
      const { endpoint, region, accessKeyId, secretAccessKey } = cloud
      const credentials = { kind: 'keys', accessKeyId, secretAccessKey } as const
      const plain = { kmsEndpoint: undefined, caBundle: undefined, pathStyle: true }
      return {
        connection: { ...plain, endpoint, region, checksums: 'when-supported', credentials },
        stop: () => cloud.stop(),
      }
    },
  ],
  ['moto', startMoto],
]
