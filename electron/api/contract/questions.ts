import { eventIterator, oc } from '@orpc/contract'
import * as z from 'zod'

const question = z.object({
  id: z.number(),
  why: z.string(),
  /** `create`: answering is the consent to keep keys in a file under this passphrase, for want of a keychain. */
  purpose: z.enum(['open', 'create']),
})

/** What the core has to know from the person: the passphrase of the file with all keys, where there is no keychain. */
export const questions = {
  /** The open question, or null, at once and whenever that changes. */
  watch: oc.input(z.strictObject({})).output(eventIterator(z.object({ question: question.nullable() }))),
  /** '' is no. A passphrase that is not right leaves the question open. Throws INVALID_INPUT if it is not open any more. */
  answer: oc
    .input(z.strictObject({ id: z.int(), passphrase: z.string().max(4096) }))
    .output(z.object({ right: z.boolean() })),
  /** Whether Coffer waits for the person to unlock the system's keychain, first as it is, then whenever that changes. */
  keychain: oc.input(z.strictObject({})).output(eventIterator(z.object({ isWaiting: z.boolean() }))),
  /** What Coffer has mended by itself since it was opened, and what is left to do, oldest first. */
  notices: oc.input(z.strictObject({})).output(z.array(z.string())),
}
