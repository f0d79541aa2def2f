import type { DatabaseSync } from 'node:sqlite'
import { CofferError } from '../base/errors.ts'
import type { KeyPurpose, RecordedPurpose } from '../base/key-purpose.ts'
import { transaction } from '../base/transaction.ts'
import { openSecretWrites, type SecretWrites } from './secret-writes.ts'

/** What may be written down of a customer key: everything but its secret material. */
export interface KeyRow {
  /** 32 lower-case hex characters. */
  id: string
  name: string
  kind: 'aes-256' | 'rsa-pair' | 'rsa-public'
  createdAt: Date
  kitSavedAt: Date | null
  kitDeclinedAt: Date | null
  /** PEM (SPKI); RSA only. */
  publicKey: string | null
  purpose: RecordedPurpose
}

export interface KeyTable {
  /** By name. */
  list(): KeyRow[]
  get(id: string): KeyRow | null
  /** All keys that this names: by whole id, by the first 8 or more characters of the id, or by name. */
  match(idOrName: string): KeyRow[]
  /**
   * Adds a key, or answers the one with this id that is there already; a public half becomes a pair when the private one
   * arrives, and never the other way. A purpose that was recorded stays; one that was not is taken over. Throws
   * ALREADY_EXISTS if another key has the name.
   */
  add(row: KeyRow): KeyRow
  /** The same for several keys: all or none. */
  addAll(rows: KeyRow[]): KeyRow[]
  /** Throws ALREADY_EXISTS if another key has the name. False if there is no such key. */
  rename(id: string, name: string): boolean
  markKitSaved(id: string, at: Date): boolean
  markKitDeclined(id: string, at: Date): boolean
  /**
   * Records the purpose unless another one is recorded, in one step, so that of two processes only one decides. True if the
   * key has this purpose now. `from`: only if this is recorded so far.
   */
  setPurpose(id: string, purpose: KeyPurpose, from?: RecordedPurpose[]): boolean
  /**
   * Begins a deletion: from now on nothing more is begun under the key. `requireUnused` is called in the same transaction and
   * throws if the key is in use. False if there is no such key.
   */
  startDeleting(id: string, requireUnused: () => void): boolean
  /** True for a key that is here and is not being deleted. */
  isKept(id: string): boolean
  /** The digest of the note that is kept with its material; null if there is none. */
  notedAs(id: string): string | null
  markNoted(id: string, digest: string): void
  remove(id: string): boolean
  /** Keys whose material is on its way into the keychain. */
  writes: SecretWrites<KeyRow>
}

export function openKeyTable(db: DatabaseSync): KeyTable {
  const all = db.prepare('SELECT * FROM keys ORDER BY name')
  const byId = db.prepare('SELECT * FROM keys WHERE id = ?')
  const byName = db.prepare('SELECT * FROM keys WHERE name = ?')
  const matching = db.prepare(`
    SELECT * FROM keys WHERE id = ?1 OR name = ?1 OR (length(?1) >= 8 AND substr(id, 1, length(?1)) = lower(?1))`)
  const insert = db.prepare(`
    INSERT INTO keys (id, name, kind, created_at, kit_saved_at, kit_declined_at, public_key, purpose)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)`)
  const completePair = db.prepare(
    "UPDATE keys SET kind = 'rsa-pair', kit_saved_at = ?, kit_declined_at = NULL WHERE id = ?",
  )
  const setName = db.prepare('UPDATE keys SET name = ? WHERE id = ?')
  const setKit = db.prepare('UPDATE keys SET kit_saved_at = ? WHERE id = ?')
  const setDeclined = db.prepare('UPDATE keys SET kit_declined_at = ? WHERE id = ?')
  const setPurpose = db.prepare(
    'UPDATE keys SET purpose = ?2 WHERE id = ?1 AND purpose <> ?2 AND purpose IN (SELECT value FROM json_each(?3))',
  )
  const setDeleting = db.prepare('UPDATE keys SET deleting_at = ? WHERE id = ?')
  const kept = db.prepare('SELECT 1 FROM keys WHERE id = ? AND deleting_at IS NULL')
  const noted = db.prepare('SELECT noted FROM keys WHERE id = ?')
  const setNoted = db.prepare('UPDATE keys SET noted = ? WHERE id = ?')
  const remove = db.prepare('DELETE FROM keys WHERE id = ?')

  const get = (id: string) => {
    const row = byId.get(id)
    return row === undefined ? null : toRow(row)
  }
  const refuseTakenName = (name: string, id: string) => {
    const owner = byName.get(name)
    if (owner === undefined || owner['id'] === id) return
    throw new CofferError('ALREADY_EXISTS', `There is a key named ${name} already.`, { hint: 'Choose another name.' })
  }
  const takePurpose = (id: string, purpose: RecordedPurpose): boolean =>
    (purpose === 'cse' || purpose === 'sse-c') && setPurpose.run(id, purpose, UNDECIDED).changes === 1
  const addOne = (row: KeyRow): KeyRow => {
    const { id, name, kind, createdAt, kitSavedAt, kitDeclinedAt, publicKey, purpose } = row
    const saved = kitSavedAt?.getTime() ?? null
    const known = get(id)
    if (known === null) {
      refuseTakenName(name, id)
      insert.run(id, name, kind, createdAt.getTime(), saved, kitDeclinedAt?.getTime() ?? null, publicKey, purpose)
      return row
    }
    setDeleting.run(null, id)
    const taken = takePurpose(id, purpose) ? { ...known, purpose } : known
    if (known.kind !== 'rsa-public' || kind !== 'rsa-pair') return taken
    completePair.run(saved, id)
    return { ...taken, kind, kitSavedAt, kitDeclinedAt: null }
  }

  return {
    list: () => all.all().map(toRow),
    get,
    match: (idOrName) => matching.all(idOrName).map(toRow),
    add: (row) => transaction(db, () => addOne(row)),
    addAll: (rows) => transaction(db, () => rows.map(addOne)),
    rename(id, name) {
      return transaction(db, () => {
        refuseTakenName(name, id)
        return setName.run(name, id).changes === 1
      })
    },
    markKitSaved: (id, at) => setKit.run(at.getTime(), id).changes === 1,
    markKitDeclined: (id, at) => setDeclined.run(at.getTime(), id).changes === 1,
    setPurpose(id, purpose, from = ['unused', 'unknown']) {
      setPurpose.run(id, purpose, JSON.stringify(from))
      return get(id)?.purpose === purpose
    },
    startDeleting: (id, requireUnused) =>
      transaction(db, () => {
        requireUnused()
        return setDeleting.run(Date.now(), id).changes === 1
      }),
    isKept: (id) => kept.get(id) !== undefined,
    notedAs: (id) => (noted.get(id)?.['noted'] as string | null | undefined) ?? null,
    markNoted: (id, digest) => void setNoted.run(digest, id),
    remove: (id) => remove.run(id).changes === 1,
    writes: openSecretWrites(db, 'key', fromJson),
  }
}

const UNDECIDED = JSON.stringify(['unused', 'unknown'] satisfies RecordedPurpose[])

function toRow(row: Record<string, unknown>): KeyRow {
  return {
    id: row['id'] as string,
    name: row['name'] as string,
    kind: row['kind'] as KeyRow['kind'],
    createdAt: new Date(row['created_at'] as number),
    kitSavedAt: toDate(row['kit_saved_at']),
    kitDeclinedAt: toDate(row['kit_declined_at']),
    publicKey: row['public_key'] as string | null,
    purpose: row['purpose'] as RecordedPurpose,
  }
}

function fromJson(value: unknown): KeyRow {
  const row = value as KeyRow
  const dateOf = (date: unknown): Date | null => (date === null ? null : new Date(date as string))
  const { createdAt, kitSavedAt, kitDeclinedAt } = row
  return {
    ...row,
    createdAt: new Date(createdAt),
    kitSavedAt: dateOf(kitSavedAt),
    kitDeclinedAt: dateOf(kitDeclinedAt),
  }
}

function toDate(milliseconds: unknown): Date | null {
  return typeof milliseconds === 'number' ? new Date(milliseconds) : null
}
