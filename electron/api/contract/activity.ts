import { oc } from '@orpc/contract'
import * as z from 'zod'
import { observedMode } from './common.ts'

export const activity = {
  /** What Coffer did, newest first. */
  list: oc.input(z.strictObject({ limit: z.int().min(1).max(1000).default(100) })).output(
    z.array(
      z.object({
        at: z.date(),
        operation: z.string(),
        place: z.string(),
        bucket: z.string(),
        key: z.string(),
        mode: observedMode.optional(),
        keyId: z.string().optional(),
        error: z.string().optional(),
      }),
    ),
  ),
}
