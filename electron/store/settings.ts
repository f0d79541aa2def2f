import type { DatabaseSync } from 'node:sqlite'

/** Choices that last, as JSON values by name. What a name holds is its reader's to check: `read` narrows or throws. */
export interface Settings {
  /** Null if it was never set or has been cleared. */
  get<T>(name: string, read: (value: unknown) => T): T | null
  set(name: string, value: unknown): void
  /** Sets it unless another process was first; answers true if this call did. */
  setOnce(name: string, value: unknown): boolean
  clear(name: string): void
}

export function openSettings(db: DatabaseSync): Settings {
  const select = db.prepare('SELECT value FROM settings WHERE name = ?')
  const upsert = db.prepare(
    'INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value',
  )
  const insert = db.prepare('INSERT OR IGNORE INTO settings (name, value) VALUES (?, ?)')
  const remove = db.prepare('DELETE FROM settings WHERE name = ?')
  return {
    get(name, read) {
      const row = select.get(name)
      return row === undefined ? null : read(JSON.parse(String(row['value'])))
    },
    set(name, value) {
      upsert.run(name, JSON.stringify(value))
    },
    setOnce(name, value) {
      return insert.run(name, JSON.stringify(value)).changes === 1
    },
    clear(name) {
      remove.run(name)
    },
  }
}

/** A reader for settings that are plain text. */
export function asText(value: unknown): string {
  if (typeof value !== 'string') throw new TypeError('A setting that should be text is not.')
  return value
}

/** A reader for settings that are lists of texts. */
export function asTexts(value: unknown): string[] {
  if (!Array.isArray(value)) throw new TypeError('A setting that should be a list is not.')
  return value.map(asText)
}
