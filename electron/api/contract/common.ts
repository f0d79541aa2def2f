import * as z from 'zod'
import { AWS_VARIABLES } from '../../base/aws-variables.ts'
import { FAILURES } from '../../base/errors.ts'
import type { ErrorCode } from '../../base/errors.ts'
import { ACTORS, ACTS } from '../../base/journey.ts'
import { MODE_IDS } from '../../base/mode-names.ts'

const ERROR_CODES = Object.keys(FAILURES) as [ErrorCode, ...ErrorCode[]]

export const errorCode = z.enum(ERROR_CODES)
export const modeChoice = z.enum([...MODE_IDS, 'bucket-default'])
export const observedMode = z.enum([...MODE_IDS, 'none', 'unknown'])
export const envelopeFormat = z.enum(['v3', 'v2', 'v1'])

/** How to reach a server that is no stored place: what the AWS CLI's own options and variables say. */
export const connection = z.strictObject({
  /** As it was typed; cloud/endpoint.ts says what is wrong with it. */
  endpoint: z.string().min(1).optional(),
  kmsEndpoint: z.string().min(1).optional(),
  region: z.string().min(1).optional(),
  profile: z.string().min(1).optional(),
  /** PEM file with the private CA that signed the endpoint's certificate. */
  caBundle: z.string().min(1).optional(),
  /** Says with each request that the person pays for it, as Requester Pays buckets want it. */
  requestPayer: z.literal('requester').optional(),
  /** The account that a bucket has to belong to. */
  expectedBucketOwner: z
    .string()
    .regex(/^\d{12}$/, 'an AWS account has 12 digits')
    .optional(),
  /** http://HOST:PORT of a proxy; '' for none. Left out: as HTTPS_PROXY, HTTP_PROXY and NO_PROXY say. */
  proxy: z.string().optional(),
  /** Other AWS variables, which a host wants to count (base/aws-variables.ts). */
  environment: z.partialRecord(z.enum(AWS_VARIABLES), z.string()).optional(),
  /** A stored place, or '' for the default one, to which the three before `environment` are added; nothing else is said then. */
  place: z.string().optional(),
})

/**
 * A stored place by id or name (`local` is This computer), or a connection that is used once and not stored. Left out: the
 * default place.
 */
export const placeRef = z.union([z.string().min(1), connection]).optional()

/** As buckets are made today. */
export const newBucketName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'a bucket name has 3 to 63 lower-case letters, digits, dots and hyphens')

/** An access point is named by its ARN where a bucket is (Amazon S3 User Guide, "Referencing access points"). */
const ACCESS_POINT =
  /^arn:[a-z0-9-]+:s3(?:-outposts|-object-lambda)?:[a-z0-9-]*:\d{12}:(?:outpost[/:][a-z0-9-]+[/:])?accesspoint[/:][a-z0-9.-]+$/

/** Old buckets have up to 255 letters of either case, digits, dots, hyphens and underscores ("Bucket naming rules"). */
const OLD_BUCKET = /^[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]$/

export const bucketName = z
  .string()
  .refine((name) => OLD_BUCKET.test(name) || ACCESS_POINT.test(name), {
    message: 'a bucket name has 3 to 63 lower-case letters, digits, dots and hyphens; an access point has an ARN',
  })
  .refine((name) => !/--x[a]?-s3$/.test(name), {
    message: 'directory buckets (names that end with --x-s3) are not supported: Coffer needs lists in order, and tags',
  })

/** An object's key: 1 to 1,024 bytes of UTF-8 (Amazon S3 User Guide, "Naming Amazon S3 objects"). */
export const objectKey = z
  .string()
  .min(1)
  .refine((key) => new TextEncoder().encode(key).length <= 1024, 'an object key has at most 1,024 bytes')

/** Bucket, and key or folder: a key that ends with `/`, or is empty, means everything below it. */
export const location = { place: placeRef, bucket: bucketName, key: z.union([z.literal(''), objectKey]) }

/** Choices that go with a mode, for writing. A mode refuses, with INVALID_INPUT, those that it cannot honour. */
export const writeOptions = z.strictObject({
  key: z.string().min(1).optional(),
  encryptionContext: z.record(z.string().min(1), z.string()).optional(),
  bucketKey: z.boolean().optional(),
  dsse: z.boolean().optional(),
  format: z.enum(['v3', 'v2']).optional(),
  /** CSE: where the envelope goes. Left out: into metadata, unless the place's test has found that the server loses it. */
  envelope: z.enum(['metadata', 'instruction']).optional(),
  /** CSE: S3 is asked to encrypt it once more. */
  outerLayer: z
    .strictObject({ algorithm: z.enum(['AES256', 'aws:kms', 'aws:kms:dsse']), kmsKeyId: z.string().min(1).optional() })
    .optional(),
  /** Consent to plaintext: keep what the server turns out not to have encrypted as it was asked to. */
  allowUnencrypted: z.boolean().optional(),
})

/** What the keys of instruction files end with. */
export const instructionSuffix = z.string().min(1).max(128)

/** Choices that go with a mode, for reading. */
export const readOptions = z.strictObject({
  key: z.string().min(1).optional(),
  encryptionContext: z.record(z.string().min(1), z.string()).optional(),
  allowLegacy: z.boolean().optional(),
  acceptUnsealed: z.boolean().optional(),
  instructionSuffix: instructionSuffix.optional(),
})

/**
 * Consent to write under a customer key that has no recovery kit. Without it such a write is KIT_NEEDED, with `keyId` and
 * `keyName` as facts. Given once, it holds for that key.
 */
export const acceptNoKit = z.boolean().default(false)

export const overwrite = z.enum(['refuse', 'replace'])

export const journeyStep = z.object({
  actor: z.enum(ACTORS),
  act: z.enum(ACTS),
  text: z.string(),
  facts: z.record(z.string(), z.string()),
  evidence: z.enum(['seen', 'reported']),
})

/** A failure as it crosses a boundary or rides in an event: never its cause, which may hold anything. */
export const failure = z.object({
  code: errorCode,
  message: z.string(),
  hint: z.string(),
  facts: z.record(z.string(), z.string()),
})
export type Failure = z.infer<typeof failure>
