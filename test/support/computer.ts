import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { join } from 'node:path'
import type { Person } from './coffer.ts'

/** This computer, run by `coffer up`, and how AWS's own tools reach it. */
export interface Computer {
  dataDir: string
  endpoint: string
  region: string
  accessKeyId: string
  secretAccessKey: string
  /** What AWS tools and SDKs read from the environment. */
  awsEnv: Record<string, string>
  /** The owner's options for `coffer` to use it as any foreign server would be. */
  options: string[]
  /** The processes that `coffer up` started: the server itself. */
  serverPids(): number[]
  stop(signal?: NodeJS.Signals): Promise<void>
}

interface UpLine {
  s3Endpoint: string
  kmsEndpoint: string
  region: string
  accessKeyId: string
  secretAccessKey: string
}

/** Runs `coffer up --json` until it accepts connections. Throws with what it said if it ends before. */
export async function startComputer(person: Person, options: { port?: number } = {}): Promise<Computer> {
  const dataDir = join(person.folder, 'data')
  const running = person.start(['up', '--data', dataDir, '--port', String(options.port ?? 0)], { timeout: 1_800_000 })
  const { child } = running
  if (!child.stdout) throw new Error('coffer up has no standard output')
  const lines = createInterface({ input: child.stdout })
  const first = once(lines, 'line').then(([line]: unknown[]) => JSON.parse(line as string) as UpLine)
  const up = await Promise.race([
    first,
    running.ended.then(({ code, stdout, stderr }) => {
      throw new Error(`coffer up ended with ${code}:\n${stdout}${stderr}`)
    }),
  ])
  return {
    dataDir,
    endpoint: up.s3Endpoint,
    region: up.region,
    accessKeyId: up.accessKeyId,
    secretAccessKey: up.secretAccessKey,
    awsEnv: awsEnv(up.s3Endpoint, up.kmsEndpoint, up.region, up.accessKeyId, up.secretAccessKey),
    options: ['--endpoint-url', up.s3Endpoint, '--kms-endpoint-url', up.kmsEndpoint, '--region', up.region],
    serverPids: () => childrenOf(child.pid ?? 0),
    async stop(signal = 'SIGTERM') {
      child.kill(signal)
      await running.ended
    },
  }
}

/** Process ids of the direct children, as Linux tells them (proc(5), /proc/PID/task/TID/children). */
function childrenOf(pid: number): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim()
  return text === '' ? [] : text.split(' ').map(Number)
}

/** The environment in which AWS's tools and SDKs talk to a server. */
export function awsEnv(s3: string, kms: string, region: string, id: string, secret: string): Record<string, string> {
  return {
    AWS_ENDPOINT_URL_S3: s3,
    AWS_ENDPOINT_URL_KMS: kms,
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_ACCESS_KEY_ID: id,
    AWS_SECRET_ACCESS_KEY: secret,
  }
}
