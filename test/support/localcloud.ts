import { spawn, type ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import type { Connection } from '../../electron/cloud/connection.ts'
import type { Notice, StartAnswer, StartDelay, StartOrder } from '../../electron/localcloud/handshake.ts'

const ENTRY = resolve(import.meta.dirname, '../../electron/localcloud/main.ts')

export interface LocalCloudOptions {
  /** Kept by stop() if given; otherwise a fresh folder that stop() removes. */
  dataDir?: string
  /** Base64 of 32 bytes; to start again on the same folder, give the same. */
  rootKey?: string
  owner?: StartOrder['owner']
  mayCreate?: boolean
  rebuild?: boolean
  keepRemovedSeconds?: number
  kmsBackup?: string
  port?: number
  idleSeconds?: number | null
}

export interface LocalCloud {
  endpoint: string
  region: string
  accessKeyId: string
  secretAccessKey: string
  rootKey: string
  dataDir: string
  notices: Notice[]
  pid: number
  process: ChildProcess
  /** SIGTERM, wait for the end, remove the folder if it was ours; answers the exit code. */
  stop(): Promise<number | null>
}

/** How its owner reaches it; by way of a proxy, if another address is given for S3 or for KMS. */
export function connectionTo(
  { endpoint, region, accessKeyId, secretAccessKey }: LocalCloud,
  by: { s3?: string; kms?: string } = {},
): Connection {
  return {
    endpoint: by.s3 ?? endpoint,
    kmsEndpoint: by.kms ?? endpoint,
    region,
    pathStyle: true,
    caBundle: undefined,
    checksums: 'when-supported',
    credentials: { kind: 'keys', accessKeyId, secretAccessKey },
  }
}

/** Starts This computer's server as a process of its own, on a free port. Rejects with the answer's code if it will not start. */
export async function startLocalCloud(options: LocalCloudOptions = {}): Promise<LocalCloud> {
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'coffer-localcloud-')))
  const rootKey = options.rootKey ?? randomBytes(32).toString('base64')
  const owner = options.owner ?? {
    accessKeyId: `AKIA${randomBytes(8).toString('hex').toUpperCase()}`,
    secretAccessKey: randomBytes(30).toString('base64'),
  }
  const order: StartOrder = {
    dataDir,
    mayCreate: options.mayCreate ?? true,
    rebuild: options.rebuild ?? false,
    keepRemovedSeconds: options.keepRemovedSeconds,
    kmsBackup: options.kmsBackup,
    port: options.port ?? 0,
    rootKey,
    owner,
    idleSeconds: options.idleSeconds ?? null,
  }
  const { child, answer } = await launchLocalCloud(`${JSON.stringify(order)}\n`)
  if (!answer.ok) throw new Error(`${answer.code}: ${answer.message}`)
  return {
    endpoint: answer.endpoint,
    region: answer.region,
    ...owner,
    rootKey,
    dataDir,
    pid: answer.pid,
    process: child,
    notices: answer.notices,
    stop: async () => {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGTERM')
        await once(child, 'exit')
      }
      if (options.dataDir === undefined) await rm(dataDir, { recursive: true, force: true })
      return child.exitCode
    },
  }
}

/** Starts the process with a raw line on its standard input and waits for its one line of answer. */
export async function launchLocalCloud(order: string): Promise<{ child: ChildProcess; answer: StartAnswer }> {
  const child = spawn(process.execPath, [ENTRY], { stdio: ['pipe', 'pipe', 'inherit'] })
  child.stdin.write(order)
  const lines = createInterface({ input: child.stdout })
  const died = once(child, 'exit').then(([code]) => {
    throw new Error(`The server ended with ${String(code)} before it answered`)
  })
  died.catch(() => undefined)
  for (;;) {
    const line = await Promise.race([once(lines, 'line').then(([text]) => String(text)), died])
    const message = JSON.parse(line) as StartAnswer | StartDelay
    if (!('waitSeconds' in message)) return { child, answer: message }
  }
}
