import type { DatabaseSync } from 'node:sqlite'
import {
  isServerCheck,
  SERVER_CHECKS,
  type Outcome,
  type ServerCheck,
  type ServerFinding,
} from '../base/server-checks.ts'
import { transaction } from '../base/transaction.ts'

/** When a place was tested, and with which bucket. */
export interface ServerTest {
  /** Milliseconds since 1970. */
  testedAt: number
  bucket: string
  /** The `Server` header of its answers. */
  server: string | undefined
}

/** What tests, and requests since then, have shown of the servers of places. `place` is the id under which the catalog knows it. */
export interface ServerFindings {
  /** In the order of `SERVER_CHECKS`. */
  list(place: string): ServerFinding[]
  find(place: string, check: ServerCheck): ServerFinding | null
  /** The last whole test; null: there was none, whatever single findings there are. */
  lastTest(place: string): ServerTest | null
  /** Keeps one finding, in place of what was known. */
  learn(place: string, finding: ServerFinding): void
  /** Keeps a whole test: nothing older stays. */
  replace(place: string, test: ServerTest, findings: readonly ServerFinding[]): void
  forget(place: string): void
}

export function openServerFindings(db: DatabaseSync): ServerFindings {
  const all = db.prepare('SELECT check_id, outcome, detail FROM server_findings WHERE place = ?')
  const one = db.prepare('SELECT check_id, outcome, detail FROM server_findings WHERE place = ? AND check_id = ?')
  const upsert = db.prepare(`
    INSERT INTO server_findings (place, check_id, outcome, detail) VALUES (?, ?, ?, ?)
    ON CONFLICT (place, check_id) DO UPDATE SET outcome = excluded.outcome, detail = excluded.detail`)
  const test = db.prepare('SELECT tested_at, bucket, server FROM server_tests WHERE place = ?')
  const tested = db.prepare('INSERT INTO server_tests (place, tested_at, bucket, server) VALUES (?, ?, ?, ?)')
  const dropFindings = db.prepare('DELETE FROM server_findings WHERE place = ?')
  const dropTest = db.prepare('DELETE FROM server_tests WHERE place = ?')

  const learn = (place: string, { check, outcome, detail }: ServerFinding): void =>
    void upsert.run(place, check, outcome, detail)
  const drop = (place: string): void => {
    dropFindings.run(place)
    dropTest.run(place)
  }

  return {
    list(place) {
      const known = new Map(
        all
          .all(place)
          .flatMap(toFinding)
          .map((finding) => [finding.check, finding]),
      )
      return Object.keys(SERVER_CHECKS)
        .filter(isServerCheck)
        .flatMap((check) => known.get(check) ?? [])
    },
    find: (place, check) => one.all(place, check).flatMap(toFinding)[0] ?? null,
    lastTest(place) {
      const row = test.get(place)
      if (row === undefined) return null
      return {
        testedAt: row['tested_at'] as number,
        bucket: row['bucket'] as string,
        server: (row['server'] as string | null) ?? undefined,
      }
    },
    learn,
    replace: (place, { testedAt, bucket, server }, findings) =>
      transaction(db, () => {
        drop(place)
        tested.run(place, testedAt, bucket, server ?? null)
        for (const finding of findings) learn(place, finding)
      }),
    forget: (place) => transaction(db, () => drop(place)),
  }
}

/** Nothing for a check of another version of Coffer. */
function toFinding(row: Record<string, unknown>): ServerFinding[] {
  const check = row['check_id'] as string
  if (!isServerCheck(check)) return []
  return [{ check, outcome: row['outcome'] as Outcome, detail: row['detail'] as string }]
}
