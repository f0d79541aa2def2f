import { once } from 'node:events'
import { CreateKeyCommand } from '@aws-sdk/client-kms'
import { CreateBucketCommand } from '@aws-sdk/client-s3'
import { newPerson, type Person } from '../support/coffer.ts'
import { awsEnv } from '../support/computer.ts'
import { startLocalCloud, type LocalCloud } from '../support/localcloud.ts'
import { awsClients } from '../support/servers.ts'
import type { Gauge } from './gauge.ts'

/** A person before a server of their own, with a bucket, a KMS key and customer keys. */
export interface Stage {
  cloud: LocalCloud
  /** How other clients reach it. */
  env: Record<string, string>
  person: Person
  kmsKey: string
  close(): Promise<void>
}

export async function openStage(bucket: string, customerKeys: string[]): Promise<Stage> {
  const cloud = await startLocalCloud()
  const env = awsEnv(cloud.endpoint, cloud.endpoint, cloud.region, cloud.accessKeyId, cloud.secretAccessKey)
  const person = await newPerson({ ...env, AWS_ENDPOINT_URL_S3: undefined, AWS_ENDPOINT_URL_KMS: undefined })
  for (const name of customerKeys) await person.done(['key', 'new', name, '--no-kit'])
  const { s3, kms } = awsClients(env)
  await s3.send(new CreateBucketCommand({ Bucket: bucket }))
  const kmsKey = (await kms.send(new CreateKeyCommand({}))).KeyMetadata?.Arn ?? ''
  s3.destroy()
  kms.destroy()
  return {
    cloud,
    env,
    person,
    kmsKey,
    async close() {
      await cloud.stop()
      await person.remove()
    },
  }
}

/**
 * Runs a command and ends it, without a chance to tidy up, when so many bytes of contents have crossed. True if it was still
 * running then.
 */
export async function killAfter({ person }: Stage, gauge: Gauge, args: string[], bytes: number): Promise<boolean> {
  const running = person.start(args)
  let hit = false
  const moment = gauge.passed(bytes).then(() => {
    if (running.child.exitCode !== null) return
    hit = true
    running.child.kill('SIGKILL')
  })
  await Promise.race([moment, running.ended])
  if (running.child.exitCode === null && running.child.signalCode === null) await once(running.child, 'exit')
  return hit
}
