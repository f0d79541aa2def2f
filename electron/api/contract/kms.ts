import { oc } from '@orpc/contract'
import * as z from 'zod'
import { aliasName, kmsKeyName } from '../../base/kms-names.ts'
import { placeRef } from './common.ts'

const place = { place: placeRef }

/** A key's id or ARN, or an alias with or without its `alias/`. */
export const kmsKey = z.string().trim().min(1).max(2048).transform(kmsKeyName)
const one = { ...place, key: kmsKey }

/** `NAME` or `alias/NAME`; names under `alias/aws/` are AWS's own (AWS KMS API, CreateAlias). */
const alias = z
  .string()
  .trim()
  .min(1)
  .transform(aliasName)
  .pipe(
    z
      .string()
      .regex(/^alias\/(?!aws\/)[a-zA-Z0-9/_-]{1,250}$/, 'an alias has 1 to 250 letters, digits, / _ and -, not aws/…'),
  )

/** Up to 50 (AWS KMS Developer Guide, "Tags in AWS KMS"). */
const tags = z
  .record(z.string().min(1).max(128), z.string().max(256))
  .refine((all) => Object.keys(all).length <= 50, 'a key has at most 50 tags')

/** AWS's key states (AWS KMS API, KeyMetadata); `Unknown` is what the person may not see. */
const keyState = z.enum([
  'Creating',
  'Enabled',
  'Disabled',
  'PendingDeletion',
  'PendingImport',
  'PendingReplicaDeletion',
  'Unavailable',
  'Updating',
  'Unknown',
])

const key = z.object({
  keyId: z.string(),
  arn: z.string(),
  /** With their `alias/`. */
  aliases: z.array(z.string()),
  description: z.string(),
  state: keyState,
  /** `AWS`: made and managed by a service; `CUSTOMER`: the person's own. */
  manager: z.enum(['AWS', 'CUSTOMER']),
  createdAt: z.date().optional(),
  /** When a key that waits for its deletion will be gone. */
  deletionAt: z.date().optional(),
})

const rotationStatus = z.object({
  automatic: z.boolean(),
  periodDays: z.number().optional(),
  nextAt: z.date().optional(),
})

const rotationEvent = z.object({ at: z.date().optional(), kind: z.enum(['AUTOMATIC', 'ON_DEMAND']).optional() })

/** `objects`: how many that Coffer knows of need the key. */
const usage = z.object({ keyId: z.string(), arn: z.string(), aliases: z.array(z.string()), objects: z.number() })

const policyText = z.string().min(2).max(32768)

/** `depends`: only under a statement's conditions, which KMS itself evaluates. */
const verdict = z.enum(['allowed', 'denied', 'depends'])

const review = z.object({
  /** Whom it was judged for, an ARN. */
  caller: z.string(),
  /** Whether they could replace the policy again. */
  control: verdict,
  /** Whether they could read what is encrypted under the key. */
  reading: verdict,
})

/** Put it even if the caller could not replace it again: without this, that is POLICY_LOCKOUT. */
const acceptLockout = z.boolean().default(false)

/** KMS keys of a place. */
export const kms = {
  /** `rotation` is left out where it is not told: AWS's own keys, keys that the person may not see. */
  list: oc.input(z.strictObject(place)).output(z.array(key.extend({ rotation: rotationStatus.optional() }))),

  create: oc
    .input(
      z.strictObject({
        ...place,
        description: z.string().max(8192).default(''),
        alias: alias.optional(),
        tags: tags.default({}),
      }),
    )
    .output(key),

  describe: oc.input(z.strictObject(one)).output(
    key.extend({
      usage: z.string().optional(),
      spec: z.string().optional(),
      origin: z.string().optional(),
      multiRegion: z.boolean(),
      /** As in `list`; the history is left out where the server keeps none. */
      rotation: rotationStatus.optional(),
      history: z.array(rotationEvent).optional(),
      /** Left out where the person may not see them. */
      tags: z.record(z.string(), z.string()).optional(),
      objects: z.number(),
    }),
  ),

  enable: oc.input(z.strictObject(one)).output(key),
  disable: oc.input(z.strictObject(one)).output(key),

  /** New material now; what was encrypted under the old still decrypts. */
  rotate: oc.input(z.strictObject(one)).output(key),

  /** Automatic rotation on (every 90 to 2,560 days, 365 unless told) or off. */
  setRotation: oc
    .input(z.strictObject({ ...one, automatic: z.boolean(), periodDays: z.int().min(90).max(2560).optional() }))
    .output(key.extend({ rotation: rotationStatus.optional() })),

  /** When the key got new material, oldest first. */
  history: oc.input(z.strictObject(one)).output(z.array(rotationEvent)),

  /** The key policy as indented JSON. */
  policy: oc.input(z.strictObject(one)).output(z.object({ policy: z.string() })),

  /** What a policy would mean, without putting it. A failure's facts have `line` and `column` of what is wrong. */
  reviewPolicy: oc.input(z.strictObject({ ...one, policy: policyText })).output(review),

  setPolicy: oc.input(z.strictObject({ ...one, policy: policyText, acceptLockout })).output(review),

  /**
   * Allows or denies one principal the use of the key, or takes them out of the policy. `principal`: a user's name, an
   * account's number, or an ARN. `actions`: `decrypt`, `encrypt`, `describe`, or `kms:…`; to use the key unless told.
   */
  changePolicy: oc
    .input(
      z.strictObject({
        ...one,
        change: z.enum(['allow', 'deny', 'remove']),
        principal: z.string().trim().min(1).max(2048),
        actions: z.array(z.string().min(1)).min(1).optional(),
        acceptLockout,
      }),
    )
    .output(
      z.object({
        policy: z.string(),
        /** False if the policy said so already. */
        changed: z.boolean(),
        /** The principal's ARN. */
        principal: z.string(),
        /** After `allow`: another statement denies it still. */
        stillDenied: z.boolean(),
      }),
    ),

  /** Throws ALREADY_EXISTS if the alias names a key. */
  addAlias: oc.input(z.strictObject({ ...one, alias })).output(key),
  /** Makes an alias that is there name this key. */
  moveAlias: oc.input(z.strictObject({ ...one, alias })).output(key),
  removeAlias: oc.input(z.strictObject({ ...place, alias })).output(z.object({ alias: z.string() })),

  /** Both give back all tags that the key has then. */
  tag: oc.input(z.strictObject({ ...one, tags })).output(z.record(z.string(), z.string())),
  untag: oc
    .input(z.strictObject({ ...one, names: z.array(z.string().min(1)).min(1) }))
    .output(z.record(z.string(), z.string())),

  usage: oc.input(z.strictObject(one)).output(usage),

  /** `confirm`: the key's id, ARN, or one of its aliases, typed by the person. */
  scheduleDeletion: oc
    .input(z.strictObject({ ...one, days: z.int().min(7).max(30).default(30), confirm: z.string().trim() }))
    .output(key),

  /** Leaves the key disabled: using it again is a decision of its own. */
  cancelDeletion: oc.input(z.strictObject(one)).output(key),
}
