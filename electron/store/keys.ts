import type { DatabaseSync } from 'node:sqlite'
import { CofferError } from '../base/errors.ts'
import { transaction } from './database.ts'

/** What may be written down of a customer key: everything but its secret material. */
export interface KeyRow {
  /** 32 lower-case hex characters. */
  id: string
  name: string
  kind: 'aes-256' | 'rsa-pair' | 'rsa-public'
  createdAt: Date
  kitSavedAt: Date | null
  /** PEM (SPKI); RSA only. */
  publicKey: string | null
}

export interface KeyTable {
  /** By name. */
  list(): KeyRow[]
  get(id: string): KeyRow | null
  /** All keys that this names: by whole id, by the first 8 or more characters of the id, or by name. */
  match(idOrName: string): KeyRow[]
  /**
   * Adds a key, or answers the one with this id that is there already; a public half becomes a pair when the private one
   * arrives, and never the other way. Throws ALREADY_EXISTS if another key has the name.
   */
  add(row: KeyRow): KeyRow
  /** Throws ALREADY_EXISTS if another key has the name. False if there is no such key. */
  rename(id: string, name: string): boolean
  markKitSaved(id: string, at: Date): boolean
  remove(id: string): boolean
}

export function openKeyTable(db: DatabaseSync): KeyTable {
  const all = db.prepare('SELECT * FROM keys ORDER BY name')
  const byId = db.prepare('SELECT * FROM keys WHERE id = ?')
  const byName = db.prepare('SELECT * FROM keys WHERE name = ?')
  const matching = db.prepare(`
    SELECT * FROM keys WHERE id = ?1 OR name = ?1 OR (length(?1) >= 8 AND substr(id, 1, length(?1)) = lower(?1))`)
  const insert = db.prepare(
    'INSERT INTO keys (id, name, kind, created_at, kit_saved_at, public_key) VALUES (?, ?, ?, ?, ?, ?)',
  )
  const completePair = db.prepare("UPDATE keys SET kind = 'rsa-pair', kit_saved_at = NULL WHERE id = ?")
  const setName = db.prepare('UPDATE keys SET name = ? WHERE id = ?')
  const setKit = db.prepare('UPDATE keys SET kit_saved_at = ? WHERE id = ?')
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

  return {
    list: () => all.all().map(toRow),
    get,
    match: (idOrName) => matching.all(idOrName).map(toRow),
    add(row) {
      return transaction(db, () => {
        const known = get(row.id)
        if (known !== null) {
          if (known.kind !== 'rsa-public' || row.kind !== 'rsa-pair') return known
          completePair.run(row.id)
          return { ...known, kind: 'rsa-pair', kitSavedAt: null }
        }
        refuseTakenName(row.name, row.id)
        insert.run(
          row.id,
          row.name,
          row.kind,
          row.createdAt.getTime(),
          row.kitSavedAt?.getTime() ?? null,
          row.publicKey,
        )
        return row
      })
    },
    rename(id, name) {
      return transaction(db, () => {
        refuseTakenName(name, id)
        return setName.run(name, id).changes === 1
      })
    },
    markKitSaved: (id, at) => setKit.run(at.getTime(), id).changes === 1,
    remove: (id) => remove.run(id).changes === 1,
  }
}

function toRow(row: Record<string, unknown>): KeyRow {
  const kitSavedAt = row['kit_saved_at'] as number | null
  return {
    id: row['id'] as string,
    name: row['name'] as string,
    kind: row['kind'] as KeyRow['kind'],
    createdAt: new Date(row['created_at'] as number),
    kitSavedAt: kitSavedAt === null ? null : new Date(kitSavedAt),
    publicKey: row['public_key'] as string | null,
  }
}
