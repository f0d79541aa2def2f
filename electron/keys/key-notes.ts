import { createHash } from 'node:crypto'
import * as z from 'zod'
import { RECORDED_PURPOSES } from '../base/key-purpose.ts'
import type { KeyRow, KeyTable } from '../store/keys.ts'
import type { SecretStore } from './secret-store.ts'

/*
 * Next to the material of each key, the secret store keeps a note of what else is known of it: its name, kind, purpose and
 * dates. The database is what Coffer reads; the notes are there for the day on which it is lost (rebuild.ts).
 */

const VERSION = 1

const note = z.object({
  version: z.literal(VERSION),
  // eslint-disable-next-line no-control-regex -- control characters are what is refused
  name: z.string().regex(/^[^\u0000-\u001f\u007f]{1,100}$/),
  kind: z.enum(['aes-256', 'rsa-pair', 'rsa-public']),
  purpose: z.enum(RECORDED_PURPOSES),
  createdAt: z.iso.datetime().transform((text) => new Date(text)),
  kitSavedAt: z.iso
    .datetime()
    .transform((text) => new Date(text))
    .nullable(),
  kitDeclinedAt: z.iso
    .datetime()
    .transform((text) => new Date(text))
    .nullable(),
  publicKey: z.string().nullable(),
})
export type KeyNote = z.infer<typeof note>

/** The account of a key's note. */
export function noteAccount(id: string): string {
  return `about/${id}`
}

export function noteOf({ name, kind, purpose, createdAt, kitSavedAt, kitDeclinedAt, publicKey }: KeyRow): Buffer {
  const content = { version: VERSION, name, kind, purpose, createdAt, kitSavedAt, kitDeclinedAt, publicKey }
  return Buffer.from(JSON.stringify(content))
}

/** Null for what is no note, or one of a newer Coffer. */
export function parseNote(bytes: Uint8Array): KeyNote | null {
  try {
    return note.parse(JSON.parse(Buffer.from(bytes).toString()))
  } catch {
    return null
  }
}

/** By which a note that is behind its key is known. */
export function digestOf(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex')
}

/** The notes of a table's keys, written as far as the secret store is open anyway. */
export interface Notes {
  /** The secret store; what it opens for the first time gets the notes that are behind. */
  secrets: () => Promise<SecretStore>
  /**
   * Writes the notes that are behind their keys, if the secret store is open: nobody is asked for a passphrase or to unlock a
   * keychain for a name. What fails here is written when the store is opened the next time.
   */
  write(): Promise<void>
}

export function openNotes(table: KeyTable, open: () => Promise<SecretStore>): Notes {
  let store: SecretStore | null = null
  const write = async (): Promise<void> => {
    if (store !== null) await writeNotes(table, store).catch(() => undefined)
  }
  return {
    write,
    async secrets() {
      const opened = await open()
      if (opened !== store) {
        store = opened
        await write()
      }
      return opened
    },
  }
}

async function writeNotes(table: KeyTable, secrets: SecretStore): Promise<void> {
  const behind = table
    .list()
    .map((row) => ({ row, content: noteOf(row) }))
    .filter(({ row, content }) => table.notedAs(row.id) !== digestOf(content))
  if (behind.length === 0) return
  await secrets.setAll(behind.map(({ row, content }) => [noteAccount(row.id), content] as const))
  for (const { row, content } of behind) table.markNoted(row.id, digestOf(content))
}
