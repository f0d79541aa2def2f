import { oc } from '@orpc/contract'
import * as z from 'zod'

const notice = z.object({ code: z.string(), message: z.string() })

/** This computer: the S3 and KMS that Coffer runs itself. */
export const local = {
  /** Looks without starting it. */
  status: oc.input(z.strictObject({}).default({})).output(
    z.object({
      running: z.boolean(),
      endpoint: z.string().optional(),
      dataDir: z.string(),
      /** What the running server found about the data when it started, in whole sentences. */
      notices: z.array(notice),
      /** The recovery kit of its root key; null where it has no data yet. */
      kit: z
        .object({
          /** Names the root key. */
          id: z.string(),
          /** Null: losing this computer's keychain loses what is in the data folder. */
          savedAt: z.date().nullable(),
          /** False if KMS keys were made or changed since. */
          isCurrent: z.boolean(),
        })
        .nullable(),
    }),
  ),

  /**
   * Opens another data folder, which has to hold a vault whose root key is here, in place of the one that is in use, which
   * stays where it is. Throws FILE_NOT_FOUND, KEY_WRONG, LOCAL_SERVER, KEYCHAIN_*.
   */
  open: oc
    .input(z.strictObject({ dataDir: z.string().min(1) }))
    .output(z.object({ dataDir: z.string(), previousDataDir: z.string().optional(), notices: z.array(notice) })),
}
