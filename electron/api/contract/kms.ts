import { oc } from '@orpc/contract'
import * as z from 'zod'
import { placeRef } from './common.ts'

const place = { place: placeRef }
/** `key` is a key id, an ARN, `alias/NAME`. */
const one = { ...place, key: z.string().min(1) }

/** `alias/NAME`; names under `alias/aws/` are AWS's own (AWS KMS API, CreateAlias). */
const alias = z
  .string()
  .regex(/^alias\/(?!aws\/)[a-zA-Z0-9/_-]{1,250}$/, 'an alias is alias/NAME, of letters, digits, / _ and -')

const tags = z.record(z.string().min(1).max(128), z.string().max(256))

const key = z.object({
  keyId: z.string(),
  arn: z.string(),
  aliases: z.array(z.string()),
  description: z.string(),
  /** `Enabled`, `Disabled`, `PendingDeletion` ..., in AWS's words. */
  state: z.string(),
  /** `AWS`: made and managed by a service; `CUSTOMER`: the person's own. */
  manager: z.string(),
  createdAt: z.date().optional(),
  deletionAt: z.date().optional(),
})

const rotation = z.object({
  automatic: z.boolean(),
  periodDays: z.number().optional(),
  nextAt: z.date().optional(),
  history: z.array(z.object({ at: z.date().optional(), kind: z.string().optional() })),
})

/** KMS keys of a place. */
export const kms = {
  list: oc.input(z.strictObject(place)).output(z.array(key)),

  create: oc
    .input(z.strictObject({ ...place, description: z.string().max(8192).default(''), alias: alias.optional() }))
    .output(key),

  describe: oc.input(z.strictObject(one)).output(key.extend({ rotation, tags })),

  enable: oc.input(z.strictObject(one)).output(key),
  disable: oc.input(z.strictObject(one)).output(key),

  /** New material now; what was encrypted under the old still decrypts. */
  rotate: oc.input(z.strictObject(one)).output(key),

  /** Automatic rotation on (every 90 to 2,560 days, 365 unless told) or off. */
  setRotation: oc
    .input(z.strictObject({ ...one, automatic: z.boolean(), periodDays: z.int().min(90).max(2560).optional() }))
    .output(key),

  policy: oc.input(z.strictObject(one)).output(z.object({ policy: z.string() })),
  setPolicy: oc.input(z.strictObject({ ...one, policy: z.string().min(2).max(32768) })).output(z.void()),

  setAlias: oc.input(z.strictObject({ ...one, alias })).output(key),
  removeAlias: oc.input(z.strictObject({ ...place, alias })).output(z.void()),

  tag: oc.input(z.strictObject({ ...one, tags })).output(z.void()),
  untag: oc.input(z.strictObject({ ...one, names: z.array(z.string().min(1)).min(1) })).output(z.void()),

  scheduleDeletion: oc.input(z.strictObject({ ...one, days: z.int().min(7).max(30).default(30) })).output(key),
  cancelDeletion: oc.input(z.strictObject(one)).output(key),
}
