import { oc } from '@orpc/contract'
import * as z from 'zod'
import { bucketName, modeChoice, placeRef } from './common.ts'

const bucket = { place: placeRef, bucket: bucketName }

export const buckets = {
  list: oc
    .input(z.strictObject({ place: placeRef }))
    .output(z.array(z.object({ name: z.string(), createdAt: z.date().optional() }))),

  create: oc.input(z.strictObject(bucket)).output(z.object({ name: z.string() })),

  /** The bucket's own default encryption, and what it refuses; null if it cannot be known (GetBucketEncryption). */
  encryption: oc.input(z.strictObject(bucket)).output(
    z
      .object({
        algorithm: z.string().optional(),
        kmsKeyId: z.string().optional(),
        bucketKeyEnabled: z.boolean(),
        /** True where the bucket answers every SSE-C request with 403. */
        blocksCustomerKeys: z.boolean(),
      })
      .nullable(),
  ),

  /** The mode that Coffer takes for this bucket when none is named; null if there is none yet. */
  usualMode: oc
    .input(z.strictObject(bucket))
    .output(z.object({ mode: modeChoice, keyId: z.string().optional() }).nullable()),

  /** `keyId` may be the name of a key of the person's own; KEY_NOT_FOUND, and INVALID_INPUT if the mode does not take it. */
  setUsualMode: oc
    .input(z.strictObject({ ...bucket, mode: modeChoice, keyId: z.string().min(1).optional() }))
    .output(z.void()),
}
