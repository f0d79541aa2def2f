import { eventIterator, oc } from '@orpc/contract'
import * as z from 'zod'
import { MODE_IDS } from '../../base/mode-names.ts'
import { OUTCOMES } from '../../base/server-checks.ts'
import { bucketName, connection, failure, placeRef } from './common.ts'

const place = z.object({
  /** `local` is This computer. */
  id: z.string(),
  name: z.string(),
  kind: z.enum(['local', 'aws', 'compatible']),
  endpoint: z.string().optional(),
  kmsEndpoint: z.string().optional(),
  region: z.string(),
  profile: z.string().optional(),
  caBundle: z.string().optional(),
  requestPayer: z.literal('requester').optional(),
})

/** True for the one where files go when none is named. */
const listed = place.extend({ isDefault: z.boolean() })

/** A long-lived pair of keys, or one from AWS STS with its session token. Goes into the keychain and never comes out. */
const accessKeys = z.strictObject({
  accessKeyId: z.string().min(1),
  secretAccessKey: z.string().min(1),
  sessionToken: z.string().min(1).optional(),
})

const check = z.object({
  /** The call that was tried, in the service's own words: `s3:ListBuckets`. */
  action: z.string(),
  ok: z.boolean(),
  error: failure.optional(),
})

/** One thing that is known of a place's server. */
const finding = z.object({
  /** From the closed list of base/server-checks.ts. */
  check: z.string(),
  title: z.string(),
  outcome: z.enum(OUTCOMES),
  /** What was seen, one sentence; may be empty. */
  detail: z.string(),
})

const serverReport = z.object({
  /** The last test of the place; null: there was none, and what is known was learned by single requests. */
  test: z.object({ testedAt: z.date(), bucket: z.string(), server: z.string().optional() }).nullable(),
  findings: z.array(finding),
  /** The modes in which this server does not encrypt what it is asked to encrypt, with the reason. */
  failingModes: z.partialRecord(z.enum(MODE_IDS), z.string()),
})

export const places = {
  list: oc.input(z.strictObject({}).default({})).output(z.array(listed)),

  /**
   * Stores a place after S3 there has answered with these credentials: the bucket that is named, else the list of buckets.
   * Before that nothing is stored, not even its keys. If S3 does not answer, it throws that failure, with the fact
   * `place: not-stored`. `keepAnyway` stores it without asking S3.
   */
  add: oc
    .input(
      z.strictObject({
        name: z.string().trim().min(1).max(100),
        connection,
        keys: accessKeys.optional(),
        bucket: bucketName.optional(),
        keepAnyway: z.boolean().default(false),
      }),
    )
    .output(place),

  remove: oc.input(z.strictObject({ place: z.string().min(1) })).output(z.void()),

  /** From now on the place where files go when none is named. */
  makeDefault: oc.input(z.strictObject({ place: z.string().min(1) })).output(place),

  /**
   * Signs in to IAM Identity Center as a profile of the AWS configuration says. The person opens `url` in a browser, sees
   * that it shows `code`, and confirms; with `open`, this computer's browser is opened there. The token goes to where AWS's
   * own tools keep it, and never comes out here. CREDENTIALS_EXPIRED if it was refused, or not confirmed in time.
   */
  signIn: oc
    .input(z.strictObject({ profile: z.string().min(1), open: z.boolean().default(false) }))
    .output(
      eventIterator(
        z.discriminatedUnion('kind', [
          z.object({ kind: z.literal('confirm'), url: z.url(), code: z.string(), expiresAt: z.date() }),
          z.object({ kind: z.literal('done') }),
        ]),
      ),
    ),

  /**
   * Tries what Coffer needs there, step by step; a step that fails says why and does not stop the others. `keys` go with a
   * connection that is not stored, and are not stored either.
   */
  test: oc
    .input(
      z
        .strictObject({ place: placeRef, keys: accessKeys.optional(), bucket: z.string().min(1).optional() })
        .refine(({ place, keys }) => keys === undefined || typeof place === 'object', {
          message: 'keys go with a connection; a stored place has its own',
          path: ['keys'],
        }),
    )
    .output(z.object({ ok: z.boolean(), checks: z.array(check) })),

  /**
   * Finds out what the server really does, by small requests on objects of its own below `.coffer-test-…/` in the bucket; on
   * a foreign server with a KMS, by a key of its own there, too. They are removed again; `left` names the objects that could
   * not be. `kmsKey` is the one to try SSE-KMS with. What was found is stored with the place. Throws BUCKET_NOT_FOUND, and
   * ACCESS_DENIED if nothing may be written there.
   */
  testServer: oc
    .input(z.strictObject({ place: placeRef, bucket: bucketName, kmsKey: z.string().min(1).optional() }))
    .output(serverReport.extend({ left: z.array(z.string()) })),

  /** What is known of the server, without asking it. */
  serverReport: oc.input(z.strictObject({ place: placeRef })).output(serverReport),
}
