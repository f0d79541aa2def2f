import type { TestedBehaviour } from '../../electron/cloud/behaviour.ts'
import { pythonTool } from './run.ts'
import { startServer, type ForeignServer } from './servers/foreign.ts'

/**
 * Moto says of every encryption that it did it, also of one that does not exist. Where it is there to show what Coffer does
 * with the word of a server that can be believed, its word is taken.
 */
export const BELIEVED: TestedBehaviour = { claimsFalsely: false }

/** A foreign S3 and KMS in memory: moto's server, from PyPI. `pageSize` is how many objects a page of a listing has. */
export function startMoto({ pageSize = 1_000 } = {}): Promise<ForeignServer> {
  return startServer({
    name: 'moto 5.2.5',
    program: pythonTool('moto_server'),
    args: (port) => ['-H', '127.0.0.1', '-p', String(port)],
    env: { MOTO_S3_DEFAULT_MAX_KEYS: String(pageSize) },
    keys: { accessKeyId: 'testing', secretAccessKey: 'testing' },
    hasKms: true,
    checksums: 'when-supported',
    readyAt: '/moto-api/',
  })
}
