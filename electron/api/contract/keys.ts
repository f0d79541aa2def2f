import { oc } from '@orpc/contract'
import * as z from 'zod'

const keyName = z.string().trim().min(1).max(100)
const keyRef = { key: z.string().min(1) }

const keyInfo = z.object({
  id: z.string(),
  name: z.string(),
  kind: z.enum(['aes-256', 'rsa-pair', 'rsa-public']),
  createdAt: z.date(),
  /** Null: losing this machine loses the key. */
  kitSavedAt: z.date().nullable(),
  /** When the person chose to use it without a kit. */
  kitDeclinedAt: z.date().nullable(),
})

/** Customer keys. Their material never comes out through here: `export` writes it to a file and returns the path. */
export const keys = {
  list: oc.input(z.strictObject({}).default({})).output(z.array(keyInfo)),

  /** Named after its id unless told. */
  create: oc
    .input(z.strictObject({ name: keyName.optional(), kind: z.enum(['aes-256', 'rsa-3072']).default('aes-256') }))
    .output(keyInfo),

  /** From a file (32 raw bytes or text), or from text that was typed or pasted: base64, hex, or an RSA key as PEM. */
  import: oc
    .input(
      z.strictObject({
        name: keyName.optional(),
        from: z.union([z.strictObject({ path: z.string().min(1) }), z.strictObject({ text: z.string().min(1) })]),
      }),
    )
    .output(keyInfo),

  /**
   * Writes the material to a new file that only the person can read: AES as one line of base64, RSA as PEM. Never
   * overwrites.
   */
  export: oc.input(z.strictObject({ ...keyRef, path: z.string().min(1) })).output(z.object({ path: z.string() })),

  rename: oc.input(z.strictObject({ ...keyRef, name: keyName })).output(keyInfo),

  /** The person goes on without a recovery kit of this key: it may be written with, and nobody asks again. */
  declineKit: oc.input(z.strictObject(keyRef)).output(keyInfo),

  /** How many objects that Coffer knows of need this key. */
  usage: oc.input(z.strictObject(keyRef)).output(z.object({ objects: z.number() })),

  /** Deletes it for good. `confirm` is the key's name, typed by the person. */
  remove: oc.input(z.strictObject({ ...keyRef, confirm: z.string() })).output(z.void()),
}
