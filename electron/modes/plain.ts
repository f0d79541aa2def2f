import type { Journey } from '../base/journey.ts'
import type { CustomerKeyFields, ObjectFacts, ReadPlan, Recognition, WritePlan } from './mode.ts'

/** Runs what needs no waiting, so that its errors too come as rejections. */
export function settled<T>(make: () => T): Promise<T> {
  return new Promise((resolve) => resolve(make()))
}

/** A write whose bytes go to S3 as they are. */
export function plainWrite(plan: Pick<WritePlan, 'mode' | 'keyId' | 'journey'> & Partial<WritePlan>): WritePlan {
  return {
    format: undefined,
    encryption: {},
    customerKey: {},
    metadata: {},
    tags: {},
    sealer: null,
    dispose: () => undefined,
    ...plan,
  }
}

/** A read in which S3 sends the plaintext. */
export function plainRead(
  facts: ObjectFacts,
  recognition: Recognition,
  journey: (fetched: { bytes: number; requestId?: string | undefined }) => Journey,
  customerKey: CustomerKeyFields = {},
): ReadPlan {
  return {
    recognition,
    customerKey,
    opener: null,
    authenticated: false,
    plaintextSize: facts.size,
    journey,
    dispose: () => undefined,
  }
}
