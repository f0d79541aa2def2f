import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Connection } from '../../electron/cloud/connection.ts'
import { pythonTool } from './run.ts'

/** A foreign S3 and KMS in memory: moto's server, from PyPI. */
export interface Moto {
  endpoint: string
  connection: Connection
  stop(): Promise<void>
}

/**
 * Starts `moto_server` on a free port of 127.0.0.1 and waits until it answers. Throws if it does not within a minute.
 * `pageSize` is how many objects a page of a listing has; 1,000 unless told.
 */
export async function startMoto({ pageSize = 1_000 } = {}): Promise<Moto> {
  const port = await freePort()
  const endpoint = `http://127.0.0.1:${port}`
  const server = spawn(pythonTool('moto_server'), ['-H', '127.0.0.1', '-p', String(port)], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, MOTO_S3_DEFAULT_MAX_KEYS: String(pageSize) },
  })
  let said = ''
  server.stderr.on('data', (text: Buffer) => (said = (said + text.toString()).slice(-4_000)))
  const ended = once(server, 'close')
  const failed = once(server, 'error').then(([error]: unknown[]) => {
    throw new Error('moto_server cannot be started; run: bash scripts/system.sh', { cause: error })
  })
  failed.catch(() => undefined)
  const stop = async (): Promise<void> => {
    server.kill('SIGTERM')
    await ended
  }
  try {
    await Promise.race([answering(endpoint), failed])
  } catch (error) {
    server.kill('SIGTERM')
    throw new Error(`moto_server did not answer. It said: ${said}`, { cause: error })
  }
  return { endpoint, connection: connectionTo(endpoint), stop }
}

function connectionTo(endpoint: string): Connection {
  return {
    endpoint,
    kmsEndpoint: endpoint,
    region: 'us-east-1',
    pathStyle: true,
    caBundle: undefined,
    checksums: 'when-supported',
    credentials: { kind: 'keys', accessKeyId: 'testing', secretAccessKey: 'testing' },
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  return port
}

async function answering(endpoint: string): Promise<void> {
  const deadline = Date.now() + 60_000
  for (;;) {
    const up = await fetch(`${endpoint}/moto-api/`).then(
      (answer) => answer.ok,
      () => false,
    )
    if (up) return
    if (Date.now() > deadline) throw new Error('no answer within a minute')
    await sleep(100)
  }
}
