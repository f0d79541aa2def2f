import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Connection } from '../../../electron/cloud/connection.ts'

/** An S3 server that nobody of ours wrote, on a free port of 127.0.0.1. */
export interface ForeignServer {
  /** With its release: `versitygw 1.8.0`. */
  name: string
  endpoint: string
  connection: Connection
  /** The folder in which it stores contents; undefined: it has them in memory only. */
  disk: string | undefined
  stop(): Promise<void>
}

export interface ServerProgram {
  name: string
  program: string
  args: (port: number) => string[]
  env?: Record<string, string>
  disk?: string | undefined
  keys: { accessKeyId: string; secretAccessKey: string }
  /** It has a KMS at the same address. */
  hasKms?: boolean
  /** Which checksums Coffer sends it; `when-required` unless told. */
  checksums?: Connection['checksums']
  /** Path of a request that it answers, with whatever status, once it is up. */
  readyAt?: string
}

/** Starts a server and waits until it answers. Throws, with what it said, if it does not within a minute. */
export async function startServer(server: ServerProgram): Promise<ForeignServer> {
  const port = await freePort()
  const endpoint = `http://127.0.0.1:${port}`
  const child = spawn(server.program, server.args(port), {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...server.env },
  })
  let said = ''
  const hear = (text: Buffer): void => void (said = (said + text.toString()).slice(-4_000))
  child.stdout.on('data', hear)
  child.stderr.on('data', hear)
  const ended = once(child, 'close')
  const failed = Promise.race([
    once(child, 'error').then(([error]: unknown[]) => {
      throw new Error(`${server.program} cannot be started; run: bash scripts/system.sh`, { cause: error })
    }),
    ended.then(() => {
      throw new Error(`${server.name} ended by itself. It said: ${said}`)
    }),
  ])
  failed.catch(() => undefined)
  try {
    await Promise.race([answering(endpoint + (server.readyAt ?? '/')), failed])
  } catch (error) {
    child.kill('SIGKILL')
    throw new Error(`${server.name} did not answer. It said: ${said}`, { cause: error })
  }
  return {
    name: server.name,
    endpoint,
    connection: connectionTo(endpoint, server),
    disk: server.disk,
    async stop() {
      child.kill('SIGTERM')
      await ended
    },
  }
}

function connectionTo(
  endpoint: string,
  { keys, hasKms = false, checksums = 'when-required' }: ServerProgram,
): Connection {
  return {
    endpoint,
    // Of a server without a KMS, nothing listens where one would be asked for.
    kmsEndpoint: hasKms ? endpoint : 'http://127.0.0.1:1',
    region: 'us-east-1',
    pathStyle: true,
    caBundle: undefined,
    checksums,
    credentials: { kind: 'keys', ...keys },
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  return port
}

async function answering(url: string): Promise<void> {
  const deadline = Date.now() + 60_000
  for (;;) {
    const up = await fetch(url).then(
      (answer) => answer.status < 500,
      () => false,
    )
    if (up) return
    if (Date.now() > deadline) throw new Error('no answer within a minute')
    await sleep(100)
  }
}
