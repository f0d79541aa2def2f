import { oc } from '@orpc/contract'
import * as z from 'zod'
import { KEY_FORMS, SYMMETRIC_FORMS } from '../../base/key-forms.ts'
import { KEY_PURPOSES, RECORDED_PURPOSES } from '../../base/key-purpose.ts'
import { PASSPHRASE_FORMS } from '../../base/passphrase-forms.ts'
import { overwrite } from './common.ts'

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
  /** `unused`: made here, its first use decides. `unknown`: from elsewhere; not sent before the person says what it is for. */
  purpose: z.enum(RECORDED_PURPOSES),
})

/** `cse`: the key encrypts files here and is never sent. `sse-c`: it is sent to servers with each request. */
const purpose = z.enum(KEY_PURPOSES)

/** A key or a kit from outside: a file, or the bytes of one that the host holds. */
const file = [z.strictObject({ path: z.string().min(1) }), z.strictObject({ base64: z.base64().min(1) })] as const

/** `completed`: of an RSA key, only the public half was here. */
const takenKey = keyInfo.extend({ taken: z.enum(['new', 'known', 'completed']) })

/** Customer keys. Their material never comes out through here: `export` writes it to a file and returns the path. */
export const keys = {
  list: oc.input(z.strictObject({}).default({})).output(z.array(keyInfo)),

  /** Named after its id unless told. Without a purpose, its first use decides. An RSA pair is for `cse`. */
  create: oc
    .input(
      z.strictObject({
        name: keyName.optional(),
        kind: z.enum(['aes-256', 'rsa-3072']).default('aes-256'),
        purpose: purpose.optional(),
      }),
    )
    .output(keyInfo),

  /**
   * From a file, or from text that was typed or pasted. The same material is the same key: one that is here keeps its name. A
   * recovery kit is PASSPHRASE_NEEDED with `kit` as a fact. Text with more than one reading, or of half the strength that it
   * seems to have, is INVALID_INPUT, with the form that may be insisted on as the fact `as`.
   */
  import: oc
    .input(
      z.strictObject({
        name: keyName.optional(),
        /** Keep the public half of an RSA key alone: this machine shall write and not read. */
        publicOnly: z.boolean().default(false),
        /** Without it, the key is not sent before the person says that it is for SSE-C. */
        purpose: purpose.optional(),
        from: z.union([...file, z.strictObject({ text: z.string().min(1) })]),
        /** Reads an AES key in this form and no other. */
        as: z.enum(SYMMETRIC_FORMS).optional(),
      }),
    )
    .output(takenKey.extend({ readAs: z.enum(KEY_FORMS) })),

  /**
   * Saves a recovery kit: an age file with these keys, or all, that the passphrase opens. The root key and the KMS keys of
   * This computer, where it holds data, go into every kit unless they are left out; `keys` may then be empty. With `sheet`,
   * also a page to print that says what the kit holds and how to use it. Neither replaces a file without consent.
   */
  kit: oc
    .input(
      z.strictObject({
        keys: z.union([z.array(z.string().min(1)), z.literal('all')]),
        path: z.string().min(1),
        passphrase: z.string(),
        overwrite: overwrite.default('refuse'),
        /** For the sheet; must not hold the passphrase. */
        hint: z.string().max(500).optional(),
        sheet: z.string().min(1).optional(),
        /** Left out: for a kit that goes to somebody else. */
        thisComputer: z.enum(['include', 'leave-out']).default('include'),
      }),
    )
    .output(
      z.object({
        path: z.string(),
        sheet: z.string().optional(),
        keys: z.array(keyInfo),
        /** The data folder whose root key is in the kit. */
        thisComputer: z.object({ dataDir: z.string() }).nullable(),
      }),
    ),

  /** Where keys are kept: the system's keychain, or a file that a passphrase opens; null before the first key. */
  home: oc
    .input(z.strictObject({}).default({}))
    .output(z.object({ kind: z.enum(['keychain', 'sealed-file']), path: z.string().nullable() }).nullable()),

  /**
   * Seals the file with all keys under another passphrase. Throws UNSUPPORTED if they are in the keychain, PASSPHRASE_WRONG,
   * and INVALID_INPUT for one that is too weak.
   */
  changePassphrase: oc
    .input(z.strictObject({ current: z.string().max(4096), next: z.string().max(4096) }))
    .output(z.void()),

  /** A passphrase that is strong enough for a kit, new each time and kept nowhere. To be shown once. */
  newPassphrase: oc.input(z.strictObject({}).default({})).output(z.object({ passphrase: z.string() })),

  /**
   * Takes in all keys of a recovery kit, or none. PASSPHRASE_NEEDED for one that is sealed where no passphrase is given;
   * INVALID_INPUT with `plainKit` as a fact for one that is not, unless that is accepted.
   */
  restore: oc
    .input(
      z.strictObject({
        from: z.union(file),
        passphrase: z.string().optional(),
        /** The person knows that the kit's keys are in this file in the clear. */
        acceptPlain: z.boolean().default(false),
        /** Where the keychain or the key file of this Coffer is gone for good: keep keys in a new one from now on. */
        newKeychain: z.boolean().default(false),
        /** The data folder of This computer, or a copy of it, that is opened next. KEY_WRONG if it is not this kit's. */
        dataDir: z.string().min(1).optional(),
      }),
    )
    .output(
      z.object({
        keys: z.array(takenKey),
        /** The root key of a This computer, if the kit holds one, and where its data folder was. */
        thisComputer: z.object({ id: z.string(), taken: z.enum(['new', 'known']), dataDir: z.string() }).nullable(),
        /** In which form the passphrase opened the kit. */
        passphraseForm: z.enum(PASSPHRASE_FORMS),
        /** The kit was not sealed: its file should be deleted. */
        isPlain: z.boolean(),
      }),
    ),

  /**
   * Writes the material in the clear to a file that only the person can read: AES as one line of base64, RSA as PEM.
   * `confirm` is the key's name, typed by the person. With `publicOnly`, the public half of an RSA key, which is no secret and
   * needs no name.
   */
  export: oc
    .input(
      z.strictObject({
        ...keyRef,
        path: z.string().min(1),
        publicOnly: z.boolean().default(false),
        confirm: z.string().optional(),
        overwrite: overwrite.default('refuse'),
      }),
    )
    .output(z.object({ path: z.string() })),

  /** Records what a key is for; it cannot be changed. KEY_PURPOSE if it is for the other use already. */
  setPurpose: oc.input(z.strictObject({ ...keyRef, purpose })).output(keyInfo),

  rename: oc.input(z.strictObject({ ...keyRef, name: keyName })).output(keyInfo),

  /** The person goes on without a recovery kit of this key: it may be written with, and nobody asks again. */
  declineKit: oc.input(z.strictObject(keyRef)).output(keyInfo),

  /** What would be lost with a key: the objects that Coffer knows to need it, and the buckets they are in. */
  impact: oc.input(z.strictObject(keyRef)).output(
    z.object({
      key: keyInfo,
      objects: z.number(),
      /** As stored. */
      bytes: z.number(),
      buckets: z.array(
        z.object({
          place: z.string(),
          placeName: z.string(),
          bucket: z.string(),
          objects: z.number(),
          bytes: z.number(),
        }),
      ),
      /** What was begun under it, by any process, and has not come to its end. While one is `running`, it cannot be deleted. */
      unfinished: z.array(
        z.object({
          kind: z.enum(['put', 'get', 'rekey', 'upload']),
          id: z.number(),
          place: z.string(),
          bucket: z.string().optional(),
          running: z.boolean(),
        }),
      ),
    }),
  ),

  /** Deletes it for good. `confirm` is the key's name, typed by the person. KEY_IN_USE while something runs that needs it. */
  remove: oc.input(z.strictObject({ ...keyRef, confirm: z.string() })).output(z.void()),
}
