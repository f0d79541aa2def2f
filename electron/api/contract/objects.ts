import { eventIterator, oc } from '@orpc/contract'
import * as z from 'zod'
import { RECORDED_PURPOSES } from '../../base/key-purpose.ts'
import {
  acceptNoKit,
  bucketName,
  envelopeFormat,
  errorCode,
  failure,
  instructionSuffix,
  journeyStep,
  location,
  modeChoice,
  objectKey,
  observedMode,
  overwrite,
  readOptions,
  writeOptions,
} from './common.ts'
import { browsing, listEntry } from './browsing.ts'

const encrypted = { mode: observedMode, keyId: z.string().optional(), format: envelopeFormat.optional() }

const done = { bucket: z.string(), key: z.string(), ...encrypted, bytes: z.number(), seconds: z.number() }
const stored = { storedBytes: z.number(), etag: z.string(), versionId: z.string().optional() }
const journey = z.array(journeyStep)

/** What every operation on many objects tells while it runs. `name` is the path or the key as the person knows it. */
const common = [
  /** Running totals of what has been found to do so far. */
  z.object({ kind: z.literal('found'), files: z.number(), bytes: z.number() }),
  z.object({ kind: z.literal('started'), name: z.string(), bucket: z.string(), key: z.string(), bytes: z.number() }),
  /** A transfer that was cut off before goes on: so many bytes of all are there already. */
  z.object({ kind: z.literal('resumed'), name: z.string(), done: z.number(), total: z.number() }),
  z.object({ kind: z.literal('progress'), name: z.string(), done: z.number(), total: z.number() }),
  /** `leftOut`: it was found and is not there now, as it should be if all went well. */
  z.object({ kind: z.literal('skipped'), name: z.string(), why: z.string(), leftOut: z.boolean().optional() }),
  z.object({
    kind: z.literal('file-failed'),
    name: z.string(),
    bucket: z.string(),
    key: z.string(),
    error: failure,
  }),
  /** Told before an object is changed: properties of it, in words, that will not be there any more. */
  z.object({
    kind: z.literal('not-kept'),
    name: z.string(),
    bucket: z.string(),
    key: z.string(),
    properties: z.array(z.string()),
  }),
  /** Nothing else was begun, for it would fail like the last (NOT_ENCRYPTED): so many files that were found are left. */
  z.object({ kind: z.literal('stopped'), files: z.number() }),
] as const

/** Told once, when this run decided what a customer key is for: from now on it is for nothing else. */
const keyPurpose = z.object({
  kind: z.literal('key-purpose'),
  keyId: z.string(),
  keyName: z.string(),
  purpose: z.enum(RECORDED_PURPOSES),
  /** Its recovery kit was saved before, and does not say it. */
  kitLacksIt: z.boolean(),
})

const fileDone = z.object({ kind: z.literal('file-done'), name: z.string(), ...done, journey })

export const putEvent = z.discriminatedUnion('kind', [
  ...common,
  /** Told once, when the caller named no mode and the bucket's usual one is taken. */
  z.object({ kind: z.literal('usual-mode'), mode: modeChoice, keyId: z.string().optional() }),
  keyPurpose,
  fileDone.extend(stored),
])
export const getEvent = z.discriminatedUnion('kind', [...common, fileDone.extend({ path: z.string() })])
export const verifyEvent = z.discriminatedUnion('kind', [
  ...common,
  /** What proved the content: the GCM tag, S3's checksum, or nothing but S3's own word. */
  fileDone.extend({ proof: z.enum(['tag', 'checksum', 'none']) }),
])

const runCounts = {
  /** Objects that were changed, or were there already. */
  done: z.number(),
  failed: z.number(),
  /** Looked at, and under another key than the one that was asked for. */
  elsewhere: z.number(),
  /** Changed objects of which the bucket still keeps versions under their old keys. */
  keepingOlder: z.number(),
  /** Older versions that were deleted. */
  purged: z.number(),
}

export const rekeyEvent = z.discriminatedUnion('kind', [
  ...common,
  /** The first: which run this is, and whether it was begun before and goes on. */
  z.object({ kind: z.literal('run'), run: z.number(), resumed: z.boolean() }),
  keyPurpose,
  /** It is under the new mode and key already. */
  z.object({
    kind: z.literal('already'),
    name: z.string(),
    bucket: z.string(),
    key: z.string(),
    ...encrypted,
    purged: z.number(),
  }),
  /** It is under another key than the one that was asked for, and stays as it is. */
  z.object({ kind: z.literal('elsewhere'), name: z.string() }),
  fileDone.extend({ ...stored, purged: z.number() }),
  /** The last: a run that is not `finished` goes on when it is asked for again. */
  z.object({ kind: z.literal('run-ended'), run: z.number(), finished: z.boolean(), ...runCounts }),
])

const rekeyRun = z.object({
  id: z.number(),
  place: z.string(),
  bucket: z.string().optional(),
  key: z.string(),
  under: z.string().optional(),
  mode: modeChoice,
  to: writeOptions,
  state: z.enum(['running', 'stopped', 'finished']),
  startedAt: z.date(),
  endedAt: z.date().optional(),
  done: z.number(),
  failures: z.array(z.object({ bucket: z.string(), key: z.string(), code: errorCode })),
})

export type PutEvent = z.infer<typeof putEvent>
export type GetEvent = z.infer<typeof getEvent>
export type VerifyEvent = z.infer<typeof verifyEvent>
export type RekeyEvent = z.infer<typeof rekeyEvent>

const concurrency = z.int().min(1).max(64).optional()
/** Bytes a second, instead of what holds for all transfers. */
const limitRate = z.int().min(1024).optional()

export const objects = {
  ...browsing,

  /** Pages of a folder, or of everything below it. Asks S3 for listings only, never for each object. */
  list: oc
    .input(
      z.strictObject({
        ...location,
        recursive: z.boolean().default(false),
        instructionSuffix: instructionSuffix.optional(),
      }),
    )
    .output(eventIterator(z.array(listEntry))),

  /**
   * Files and folders go in. One file and a key that does not end with `/`: exactly that key. Everything else keeps its
   * name below the key as a folder. A file that fails is told as `file-failed`; the others go on.
   */
  put: oc
    .input(
      z.strictObject({
        ...location,
        paths: z.array(z.string().min(1)).min(1),
        /** Left out: the bucket's usual mode, and INVALID_INPUT if it has none. */
        mode: modeChoice.optional(),
        options: writeOptions.default({}),
        overwrite: overwrite.default('refuse'),
        /** Links inside folders are followed; a path that is a link is in any case. */
        followLinks: z.boolean().default(false),
        acceptNoKit,
        concurrency,
        limitRate,
      }),
    )
    .output(eventIterator(putEvent)),

  /**
   * An object, or everything below a key that ends with `/`, comes back. An object goes to exactly `to`, or into it if
   * it is a folder or ends with a separator. Names that would leave the folder are refused, and links inside it. An empty
   * object whose key ends with `/` becomes a folder.
   */
  get: oc
    .input(
      z.strictObject({
        ...location,
        versionId: z.string().min(1).optional(),
        to: z.string().min(1),
        /** The one object of this very key, also where it ends with `/`. */
        exact: z.boolean().default(false),
        options: readOptions.default({}),
        overwrite: overwrite.default('refuse'),
        concurrency,
        limitRate,
      }),
    )
    .output(eventIterator(getEvent)),

  /** Reads and proves objects, and writes nothing. */
  verify: oc
    .input(
      z.strictObject({
        ...location,
        versionId: z.string().min(1).optional(),
        options: readOptions.default({}),
        concurrency,
      }),
    )
    .output(eventIterator(verifyEvent)),

  /** How one object is encrypted and how its key would be reached, without reading its body. */
  inspect: oc
    .input(
      z.strictObject({
        ...location,
        key: objectKey,
        versionId: z.string().min(1).optional(),
        options: readOptions.default({}),
      }),
    )
    .output(
      z.object({
        bucket: z.string(),
        key: z.string(),
        versionId: z.string().optional(),
        ...encrypted,
        algorithm: z.string(),
        bytes: z.number().optional(),
        storedBytes: z.number().optional(),
        etag: z.string().optional(),
        lastModified: z.date().optional(),
        metadata: z.record(z.string(), z.string()),
        journey,
      }),
    ),

  /**
   * Removes objects by key, and with each its instruction file; a key that ends with `/` removes everything below it. What
   * cannot be removed keeps nothing else from going. `removed` counts what is gone, `missing` keys under which there was
   * nothing, `failed` what is still there; `failures` says why of the first hundred.
   */
  remove: oc
    .input(
      z.strictObject({
        place: location.place,
        bucket: location.bucket,
        keys: z.array(objectKey).min(1),
        instructionSuffix: instructionSuffix.optional(),
      }),
    )
    .output(
      z.object({
        removed: z.number(),
        missing: z.number(),
        failed: z.number(),
        failures: z.array(z.object({ key: z.string(), error: failure })),
      }),
    ),

  /**
   * Changes the mode or the key of an object, of everything below a key that ends with `/`, of a whole bucket, or of what
   * is under one key. Each object is proven under the new key before its old content goes. A run that is cut off goes on
   * when it is asked for again; what was changed meanwhile by someone else is left as it is and told as a failure.
   */
  rekey: oc
    .input(
      z
        .strictObject({
          place: location.place,
          /** Left out, with `under`: every object that the catalog knows under that key, in any bucket. */
          bucket: bucketName.optional(),
          key: location.key.default(''),
          /** Only objects under this customer or KMS key. */
          under: z.string().min(1).optional(),
          mode: modeChoice,
          from: readOptions.default({}),
          to: writeOptions.default({}),
          /** Consent to delete, for good, older versions that are not under the new mode and key. */
          purgeOldVersions: z.boolean().default(false),
          acceptNoKit,
          concurrency,
        })
        .refine(({ bucket, key, under }) => bucket !== undefined || (under !== undefined && key === ''), {
          message: 'name a bucket, or a key whose objects are meant',
        }),
    )
    .output(eventIterator(rekeyEvent)),

  /** Re-key runs, newest first: what they were to do, how far they are, what failed. */
  rekeyRuns: oc.input(z.strictObject({ limit: z.int().min(1).max(1000).default(50) })).output(z.array(rekeyRun)),
}
