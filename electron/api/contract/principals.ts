import { oc } from '@orpc/contract'
import * as z from 'zod'

/** An IAM user name, as AWS allows it. */
const name = z.string().regex(/^[\w+=,.@-]{1,64}$/, 'a principal has 1 to 64 letters, digits or + = , . @ _ -')

const principal = z.object({
  name: z.string(),
  arn: z.string(),
  accessKeyId: z.string(),
  createdAt: z.date().optional(),
})

/** Who else may use This computer, each with credentials of their own; key policies say what they may do. */
export const principals = {
  /** The secret is in this answer and in no later one, as when IAM issues an access key. */
  add: oc.input(z.strictObject({ name })).output(principal.extend({ secretAccessKey: z.string() })),
  list: oc.input(z.strictObject({}).default({})).output(z.array(principal)),
  remove: oc.input(z.strictObject({ name })).output(z.void()),
}
