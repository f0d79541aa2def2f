import { oc } from '@orpc/contract'
import * as z from 'zod'

/** This computer: the S3 and KMS that Coffer runs itself. */
export const local = {
  /** Looks without starting it. */
  status: oc
    .input(z.strictObject({}).default({}))
    .output(z.object({ running: z.boolean(), endpoint: z.string().optional(), dataDir: z.string() })),
}
