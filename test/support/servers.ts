import { KMSClient } from '@aws-sdk/client-kms'
import { S3Client } from '@aws-sdk/client-s3'
import { openDatabase } from '../../electron/store/database.ts'
import type { ServerCheck } from '../../electron/base/server-checks.ts'
import { openServerFindings } from '../../electron/store/server-findings.ts'
import { newPerson } from './coffer.ts'
import type { Person, PersonOptions } from './coffer.ts'
import { awsEnv, startComputer } from './computer.ts'
import type { Computer } from './computer.ts'
import { startMoto } from './moto.ts'

/** A server under test with a person who uses it, and AWS's own clients to look at it from outside. */
export interface Stage {
  name: 'This computer' | 'moto'
  person: Person
  /** What makes a command go to this server. */
  options: string[]
  awsEnv: Record<string, string>
  endpoint: string
  s3: S3Client
  kms: KMSClient
  close(): Promise<void>
}

export interface ComputerStage extends Stage {
  computer: Computer
}

/** This computer, run by `coffer up`; commands find it by themselves. */
export async function stageComputer(options: PersonOptions = {}): Promise<ComputerStage> {
  const person = await newPerson({}, options)
  const computer = await startComputer(person)
  const { s3, kms } = awsClients(computer.awsEnv)
  return {
    name: 'This computer',
    person,
    computer,
    options: [],
    awsEnv: computer.awsEnv,
    endpoint: computer.endpoint,
    s3,
    kms,
    async close() {
      s3.destroy()
      kms.destroy()
      await computer.stop()
      await person.remove()
    },
  }
}

/** Moto's S3 and KMS: a server that nobody of ours wrote. */
export async function stageMoto(options: PersonOptions = {}): Promise<Stage> {
  const moto = await startMoto()
  const env = awsEnv(moto.endpoint, moto.endpoint, moto.connection.region, 'testing', 'testing')
  const person = await newPerson({ AWS_ACCESS_KEY_ID: 'testing', AWS_SECRET_ACCESS_KEY: 'testing' }, options)
  believe(person, moto.endpoint)
  const { s3, kms } = awsClients(env)
  return {
    name: 'moto',
    person,
    options: ['--endpoint-url', moto.endpoint, '--kms-endpoint-url', moto.endpoint, '--region', 'us-east-1'],
    awsEnv: env,
    endpoint: moto.endpoint,
    s3,
    kms,
    async close() {
      s3.destroy()
      kms.destroy()
      await moto.stop()
      await person.remove()
    },
  }
}

/** As if a test of the place had found that these hold, as a rule that it claims no encryption that does not exist; see `BELIEVED`. */
export function believe({ env }: Person, endpoint: string, checks: readonly ServerCheck[] = ['sse.false-claim']): void {
  const db = openDatabase(env['COFFER_HOME'] ?? '')
  const findings = openServerFindings(db)
  for (const check of checks) findings.learn(endpoint, { check, outcome: 'holds', detail: '' })
  db.close()
}

/** AWS's own clients with nothing of Coffer's in between, for what AWS tools read from `env`. */
export function awsClients(env: Record<string, string>): { s3: S3Client; kms: KMSClient } {
  const common = {
    // A failure is to be seen, not tried again.
    maxAttempts: 1,
    region: env['AWS_REGION'] ?? '',
    credentials: {
      accessKeyId: env['AWS_ACCESS_KEY_ID'] ?? '',
      secretAccessKey: env['AWS_SECRET_ACCESS_KEY'] ?? '',
    },
  }
  return {
    s3: new S3Client({ ...common, endpoint: env['AWS_ENDPOINT_URL_S3'] ?? '', forcePathStyle: true }),
    kms: new KMSClient({ ...common, endpoint: env['AWS_ENDPOINT_URL_KMS'] ?? '' }),
  }
}
