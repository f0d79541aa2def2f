import { oc } from '@orpc/contract'
import * as z from 'zod'
import { bucketName, modeChoice, newBucketName, placeRef } from './common.ts'
import { kmsKey } from './kms.ts'

const bucket = { place: placeRef, bucket: bucketName }

const encryption = z.object({
  algorithm: z.string().optional(),
  kmsKeyId: z.string().optional(),
  bucketKeyEnabled: z.boolean(),
  /** True where the bucket answers every SSE-C request with 403. */
  blocksCustomerKeys: z.boolean(),
})

/** `off`: it never kept versions. `suspended`: it has older ones and makes no new ones. */
const versioning = z.enum(['off', 'on', 'suspended'])

/**
 * False if the server does not tell yet what was asked for: Amazon S3 may need minutes for it, and there are servers that take
 * a setting which they do not know, and forget it.
 */
const holds = z.boolean()

export const buckets = {
  list: oc
    .input(z.strictObject({ place: placeRef }))
    .output(z.array(z.object({ name: z.string(), createdAt: z.date().optional() }))),

  create: oc.input(z.strictObject({ ...bucket, bucket: newBucketName })).output(z.object({ name: z.string() })),

  /** The bucket's own default encryption, and what it refuses; null if it cannot be known (GetBucketEncryption). */
  encryption: oc.input(z.strictObject(bucket)).output(encryption.nullable()),

  /**
   * Changes the default encryption, the block of SSE-C, or both; what is left out stays. A KMS key is looked up and kept by its
   * ARN; left out with `aws:kms`, S3 uses the key that it has in KMS itself (aws/s3). What is stored already stays as it is.
   */
  setEncryption: oc
    .input(
      z.strictObject({
        ...bucket,
        byDefault: z
          .strictObject({
            algorithm: z.enum(['AES256', 'aws:kms', 'aws:kms:dsse']),
            kmsKeyId: kmsKey.optional(),
            /** Fewer requests to KMS; `aws:kms` only. */
            bucketKeyEnabled: z.boolean().optional(),
          })
          .optional(),
        blocksCustomerKeys: z.boolean().optional(),
      }),
    )
    .output(z.object({ now: encryption.nullable(), holds })),

  /** Whether the bucket keeps what is replaced and removed; null if it cannot be known (GetBucketVersioning). */
  versioning: oc.input(z.strictObject(bucket)).output(versioning.nullable()),

  /** Once on, it can be suspended, and never be off again. */
  setVersioning: oc
    .input(z.strictObject({ ...bucket, versioning: versioning.exclude(['off']) }))
    .output(z.object({ now: versioning.nullable(), holds })),

  /**
   * How much is in a place's buckets as far as it was listed: out of the catalog, S3 is not asked. `complete` is false where a
   * folder was never listed to its end; then there is at least so much. `listedAt` is the oldest listing that counts.
   */
  known: oc.input(z.strictObject({ place: placeRef })).output(
    z.array(
      z.object({
        name: z.string(),
        objects: z.number(),
        /** As stored. */
        bytes: z.number(),
        complete: z.boolean(),
        listedAt: z.date().optional(),
      }),
    ),
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
