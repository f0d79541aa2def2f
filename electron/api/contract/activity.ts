import { oc } from '@orpc/contract'
import * as z from 'zod'
import { errorCode, observedMode } from './common.ts'

const entry = z.object({
  id: z.number(),
  at: z.date(),
  what: z.enum(['put', 'get', 'preview', 'verify', 'rekey', 'remove', 'restore', 'key', 'kms', 'bucket', 'place']),
  place: z.string().optional(),
  bucket: z.string().optional(),
  key: z.string().optional(),
  mode: observedMode.optional(),
  keyId: z.string().optional(),
  outcome: z.union([z.literal('done'), errorCode]),
})

export const activity = {
  /** What Coffer did, newest first; `before` is the id of the last one seen. */
  list: oc
    .input(z.strictObject({ limit: z.int().min(1).max(1000).default(100), before: z.int().optional() }))
    .output(z.array(entry)),
}
