import { KMSClient } from '@aws-sdk/client-kms'
import { S3Client } from '@aws-sdk/client-s3'
import { expect } from 'vitest'
import type { CofferError } from '../../../electron/base/errors.ts'
import { CofferError as CofferErrorClass } from '../../../electron/base/errors.ts'
import type { Journey } from '../../../electron/base/journey.ts'
import { prepareRead } from '../../../electron/modes/detect.ts'
import type { ModeEnv, ModeOptions, ObjectFacts, StoredFacts, WritePlan } from '../../../electron/modes/mode.ts'
import { testKeyRing, type TestKeyRing } from '../../support/keyring.ts'

/** Surroundings without a server: whoever calls S3 or KMS here fails the test. */
export function offline(): { env: ModeEnv; keys: TestKeyRing } {
  const keys = testKeyRing()
  const nowhere = {
    region: 'us-east-1',
    endpoint: 'http://127.0.0.1:1',
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
  }
  const env = {
    s3: new S3Client(nowhere),
    kms: new KMSClient(nowhere),
    keys,
    signal: new AbortController().signal,
  }
  return { env, keys }
}

/** The CofferError with which this is rejected; anything else fails the test. */
export async function rejection(promise: Promise<unknown>): Promise<CofferError> {
  const outcome: unknown = await promise.then(
    () => expect.fail('it was not rejected'),
    (error: unknown) => error,
  )
  if (outcome instanceof CofferErrorClass) return outcome
  throw new Error('It was rejected with something that is not a CofferError.', { cause: outcome })
}

export function writeOf(options: ModeOptions, plaintextSize = 0) {
  return { bucket: 'bucket', key: 'key', plaintextSize, options }
}

/** Runs bytes through a plan's sealer. */
export function sealWith(plan: WritePlan, plaintext: Buffer): Buffer {
  if (plan.sealer === null) return plaintext
  return Buffer.concat([plan.sealer.update(plaintext), plan.sealer.final()])
}

/** Decrypts as the vault would, given the facts and the stored bytes. */
export async function read(env: ModeEnv, facts: ObjectFacts, stored: Buffer, options: ModeOptions = {}) {
  const plan = await prepareRead(env, { facts, options })
  try {
    const plaintext = plan.opener ? Buffer.concat([plan.opener.update(stored), plan.opener.final()]) : stored
    const journey = plan.journey({ etag: facts.etag, bytes: stored.length, requestId: 'request' })
    return { plaintext, plan, journey }
  } finally {
    plan.dispose()
  }
}

export function factsOf(metadata: Record<string, string>, size: number, more: Partial<ObjectFacts> = {}): ObjectFacts {
  return {
    bucket: 'bucket',
    key: 'key',
    versionId: undefined,
    etag: '"etag"',
    size,
    lastModified: undefined,
    metadata,
    serverSideEncryption: undefined,
    kmsKeyId: undefined,
    bucketKeyEnabled: false,
    needsCustomerKey: false,
    instruction: undefined,
    ...more,
  }
}

export function storedOf(bytes: number, more: Partial<StoredFacts> = {}): StoredFacts {
  return { way: 'put', etag: '"etag"', bytes, ...more }
}

/** `computer encrypt`, `s3 store`: who did what, in order. */
export function plot(journey: Journey): string[] {
  return journey.map(({ actor, act }) => `${actor} ${act}`)
}
