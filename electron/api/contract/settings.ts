import { oc } from '@orpc/contract'
import * as z from 'zod'

/** What a person chose of the window; none of it is secret. */
const preferences = z.object({
  theme: z.enum(['system', 'light', 'dark']),
  /** Where files are saved if nobody asks: the Downloads folder at first. */
  saveFolder: z.string(),
  /** The person has been through the first start. */
  welcomed: z.boolean(),
  /** Tell the system when a long transfer has ended and the window is not in front. */
  notify: z.boolean(),
})

export const settings = {
  get: oc.input(z.strictObject({}).default({})).output(preferences),
  /** Changes what is named. `saveFolder` must be a folder that can be written to; FILE_NOT_FOUND or LOCAL_IO otherwise. */
  set: oc.input(preferences.partial().strict()).output(preferences),
}
