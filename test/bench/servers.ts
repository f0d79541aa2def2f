import { once } from 'node:events'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import type { S3Client } from '@aws-sdk/client-s3'
import { CreateBucketCommand, DeleteObjectsCommand, ListObjectsV2Command } from '@aws-sdk/client-s3'
import type { ServerCheck } from '../../electron/base/server-checks.ts'
import { newPerson, type Person } from '../support/coffer.ts'
import { awsEnv, startComputer } from '../support/computer.ts'
import { startMoto } from '../support/moto.ts'
import { start, succeed } from '../support/run.ts'
import { awsClients, believe } from '../support/servers.ts'
import { startDelayLine } from './delay-line.ts'

export type ServerName = 'sink' | 'This computer' | 'moto'

/** A server under the bench, with a person who uses it. */
export interface BenchServer {
  name: ServerName
  /** Where contestants reach it, over the line that was asked for. */
  endpoint: string
  /** The authority to trust, in PEM; undefined over plain HTTP. */
  caFile: string | undefined
  person: Person
  /** What AWS's tools read from the environment. */
  awsEnv: Record<string, string>
  /** Customer key and KMS key of the person. */
  keys: { sent: string; sealing: string; kms: string }
  /** Buckets for what is thrown away, and for what is read back. */
  buckets: { drop: string; keep: string }
  s3: S3Client
  stop(): Promise<void>
}

/** The way to a server. */
export interface Line {
  tls: boolean
  /** Milliseconds of a round trip, beside what loopback takes. */
  rtt: number
}

/** Starts the named server and makes its keys and buckets. The line is the sink's: others are reached over plain HTTP. */
export async function startServer(name: ServerName, line: Line): Promise<BenchServer> {
  switch (name) {
    case 'sink':
      return startSink(line)
    case 'This computer':
      return startThisComputer()
    case 'moto':
      return startForeign()
  }
}

/** A key for each use. */
const CUSTOMER_KEYS = { sent: 'bench-sent', sealing: 'bench' }

async function makeKeys(person: Person): Promise<void> {
  for (const name of Object.values(CUSTOMER_KEYS)) await person.done(['key', 'new', name, '--no-kit'])
}

/** The sink is taken for a server whose test held, or for Amazon's: of others each file is asked about a second time. */
const HELD: readonly ServerCheck[] = [
  'sse.false-claim',
  'metadata.exact',
  'metadata.replaced',
  'conditions.put',
  'conditions.complete',
  ...(['sse-s3', 'sse-kms', 'sse-c'] as const).flatMap((mode) => [`${mode}.put`, `${mode}.multipart`] as const),
]

async function startSink({ tls, rtt }: Line): Promise<BenchServer> {
  const person = await newPerson({ AWS_ACCESS_KEY_ID: 'bench', AWS_SECRET_ACCESS_KEY: 'bench' })
  const [keyFile, caFile] = [join(person.folder, 'tls.key'), join(person.folder, 'tls.pem')]
  await succeed('openssl', [
    ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=127.0.0.1'],
    ...['-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', keyFile, '-out', caFile],
  ])
  const sink = start(process.execPath, [resolve('test/bench/sink.ts'), keyFile, caFile], {
    stdinOpen: true,
    timeout: 3_600_000,
  })
  if (!sink.child.stdout) throw new Error('the sink has no standard output')
  const [line] = (await once(createInterface({ input: sink.child.stdout }), 'line')) as [string]
  const direct = JSON.parse(line) as { endpoint: string; tlsEndpoint: string }
  const near = tls ? direct.tlsEndpoint : direct.endpoint
  const far = rtt > 0 ? await startDelayLine(near, rtt) : undefined
  const endpoint = far?.endpoint ?? near
  believe(person, endpoint, HELD)
  await makeKeys(person)
  const { s3, kms } = awsClients(awsEnv(direct.endpoint, direct.endpoint, 'us-east-1', 'bench', 'bench'))
  kms.destroy()
  return {
    name: 'sink',
    endpoint,
    caFile: tls ? caFile : undefined,
    person,
    awsEnv: awsEnv(endpoint, endpoint, 'us-east-1', 'bench', 'bench'),
    keys: { ...CUSTOMER_KEYS, kms: '11111111-2222-3333-4444-555555555555' },
    buckets: { drop: 'drop', keep: 'keep' },
    s3,
    async stop() {
      s3.destroy()
      await far?.stop()
      sink.child.stdin?.end()
      await sink.ended
      await person.remove()
    },
  }
}

async function startThisComputer(): Promise<BenchServer> {
  const person = await newPerson()
  const computer = await startComputer(person)
  await makeKeys(person)
  return foreign('This computer', person, computer.awsEnv, async () => computer.stop())
}

async function startForeign(): Promise<BenchServer> {
  const moto = await startMoto()
  const env = awsEnv(moto.endpoint, moto.endpoint, moto.connection.region, 'testing', 'testing')
  const person = await newPerson({ AWS_ACCESS_KEY_ID: 'testing', AWS_SECRET_ACCESS_KEY: 'testing' })
  believe(person, moto.endpoint)
  await makeKeys(person)
  return foreign('moto', person, env, () => moto.stop())
}

/** A server that keeps everything; all its contestants use one bucket. */
async function foreign(
  name: ServerName,
  person: Person,
  env: Record<string, string>,
  stop: () => Promise<void>,
): Promise<BenchServer> {
  const endpoint = env['AWS_ENDPOINT_URL_S3'] ?? ''
  const { s3, kms } = awsClients(env)
  kms.destroy()
  await s3.send(new CreateBucketCommand({ Bucket: 'bench' }))
  const where = ['--endpoint-url', endpoint, '--kms-endpoint-url', endpoint, '--region', 'us-east-1']
  const [key] = await person.done(['kms', 'create', ...(name === 'moto' ? where : [])])
  return {
    name,
    endpoint,
    caFile: undefined,
    person,
    awsEnv: env,
    keys: { ...CUSTOMER_KEYS, kms: key?.arn ?? '' },
    buckets: { drop: 'bench', keep: 'bench' },
    s3,
    async stop() {
      s3.destroy()
      await stop()
      await person.remove()
    },
  }
}

/** Removes everything below a key; not measured. */
export async function removeBelow({ s3 }: BenchServer, bucket: string, prefix: string): Promise<void> {
  for (;;) {
    const { Contents: found = [] } = await s3.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix }))
    if (found.length === 0) return
    const Objects = found.map(({ Key }) => ({ Key }))
    await s3.send(new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects, Quiet: true } }))
  }
}
