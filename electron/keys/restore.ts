import { zero } from '../base/bytes.ts'
import type { KeyRow, KeyTable } from '../store/keys.ts'
import type { KitContent, KeyFromKit } from './kit-content.ts'
import { noteAccount } from './key-notes.ts'
import type { SecretStore } from './secret-store.ts'

/** What taking in a key came to: it was not here, it was, or only its public half was. */
export type Taken = 'new' | 'known' | 'completed'

export function takenAs(known: KeyRow | null, arriving: Pick<KeyRow, 'kind'>): Taken {
  if (known === null) return 'new'
  return known.kind === 'rsa-public' && arriving.kind === 'rsa-pair' ? 'completed' : 'known'
}

/**
 * Takes in every key of a kit or none, and zeroes them. A key that is here already keeps its name; one whose name another
 * key has gets a number after it. All of them have a kit now: this one.
 */
export async function restoreAll(
  table: KeyTable,
  secrets: () => Promise<SecretStore>,
  account: (id: string) => string,
  { keys, madeAt }: Pick<KitContent, 'keys' | 'madeAt'>,
): Promise<{ row: KeyRow; taken: Taken }[]> {
  const stored: string[] = []
  try {
    const secret = keys.some((key) => key.secret !== null) ? await secrets() : undefined
    const taken = keys.map((key) => takenAs(table.get(key.id), key))
    const arriving = namedApart(
      table,
      keys.map((key) => rowOf(key, madeAt)),
    )
    const entries: [account: string, material: Uint8Array][] = []
    // A key that is known may have lost its material; storing it once more brings it back.
    for (const [index, row] of arriving.entries()) {
      const material = keys[index]?.secret ?? null
      if (material === null) continue
      // Recorded first: a write that fails may yet have left something.
      stored.push(row.id)
      table.writes.begin(account(row.id), row)
      entries.push([account(row.id), material])
    }
    // Together: the sealed file opens and closes slowly, by design.
    if (secret !== undefined) await secret.setAll(entries)
    const rows = table.addAll(arriving)
    return rows.map((row, index) => ({ row: withKit(table, row, madeAt), taken: taken[index] ?? 'known' }))
  } catch (error) {
    for (const id of stored) await forget(table, await secrets(), account(id), id)
    throw error
  } finally {
    for (const id of stored) table.writes.end(account(id))
    zero(...keys.map(({ secret }) => secret))
  }
}

/** Takes the material of a key back that did not come to be. What another process has taken in meanwhile stays. */
export async function forget(table: KeyTable, secrets: SecretStore, account: string, id: string): Promise<void> {
  const kind = table.get(id)?.kind
  if (kind !== undefined && kind !== 'rsa-public') return
  // The first failure is what the person is told.
  for (const each of [account, noteAccount(id)]) await secrets.delete(each).catch(() => undefined)
}

function withKit(table: KeyTable, row: KeyRow, madeAt: Date): KeyRow {
  if (row.kitSavedAt !== null) return row
  table.markKitSaved(row.id, madeAt)
  return { ...row, kitSavedAt: madeAt }
}

function rowOf({ id, kind, publicKey, name, createdAt, purpose }: KeyFromKit, kitSavedAt: Date): KeyRow {
  return { id, kind, publicKey, name, createdAt, kitSavedAt, kitDeclinedAt: null, purpose }
}

/** The same keys, each with a name that no other key has. */
export function namedApart(table: KeyTable, keys: KeyRow[]): KeyRow[] {
  const owners = new Map(table.list().map(({ id, name }) => [name.toLowerCase(), id]))
  return keys.map((key) => {
    const isFree = (wanted: string): boolean => (owners.get(wanted.toLowerCase()) ?? key.id) === key.id
    const name = freeName(key.name, isFree)
    owners.set(name.toLowerCase(), key.id)
    return { ...key, name }
  })
}

/** `mine`, else `mine (2)`, `mine (3)` and so on. */
function freeName(name: string, isFree: (name: string) => boolean): string {
  for (let number = 1; ; number++) {
    const suffix = number === 1 ? '' : ` (${number})`
    const candidate = `${name.slice(0, 100 - suffix.length)}${suffix}`
    if (isFree(candidate)) return candidate
  }
}
