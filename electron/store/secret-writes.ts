import type { DatabaseSync } from 'node:sqlite'
import { zero } from '../base/bytes.ts'
import { isAlive } from '../base/process-alive.ts'

/**
 * Rows whose secret is on its way into the keychain. A row is recorded here before its secret is written and leaves once
 * the row itself is stored. If the process dies between, the next one finds out whether the secret arrived, and stores the
 * row or forgets it. It never deletes a secret: a restored database may be older than the keychain.
 */
export interface SecretWrites<Row> {
  /** Before the secret is written. */
  begin(account: string, row: Row): void
  /** The row is stored, or given up together with its secret. */
  end(account: string): void
  /** What processes that are gone have left. */
  left(): { account: string; row: Row }[]
}

/** `kind` tells apart the tables that share the journal. `fromJson` reads a row that JSON.stringify has written. */
export function openSecretWrites<Row>(
  db: DatabaseSync,
  kind: 'key' | 'place',
  fromJson: (value: unknown) => Row,
): SecretWrites<Row> {
  const insert = db.prepare('INSERT OR REPLACE INTO secret_writes (account, kind, pid, row) VALUES (?, ?, ?, ?)')
  const remove = db.prepare('DELETE FROM secret_writes WHERE account = ?')
  const select = db.prepare('SELECT * FROM secret_writes WHERE kind = ?')
  return {
    begin: (account, row) => void insert.run(account, kind, process.pid, JSON.stringify(row)),
    end: (account) => void remove.run(account),
    left: () =>
      select
        .all(kind)
        .filter((found) => !isAlive(found['pid'] as number))
        .map((found) => ({ account: found['account'] as string, row: fromJson(JSON.parse(found['row'] as string)) })),
  }
}

/**
 * Finishes what processes that died have begun: a row whose secret arrived is stored by `add`, one whose secret did not is
 * forgotten. Throws what the keychain and `add` throw.
 */
export async function finishWrites<Row>(
  writes: SecretWrites<Row>,
  secrets: { get(account: string): Promise<Uint8Array | null> },
  add: (row: Row) => void,
): Promise<void> {
  for (const { account, row } of writes.left()) {
    const secret = await secrets.get(account)
    zero(secret)
    if (secret !== null) add(row)
    writes.end(account)
  }
}
