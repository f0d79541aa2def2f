/*
 * Stands in for node:sqlite on a runtime from before it (Electron 33), over libsql's synchronous N-API module. Tests alone
 * load it; it has what Coffer calls and nothing else.
 */
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'

type Value = string | number | bigint | null | Uint8Array
type Row = Record<string, unknown> | unknown[]
type Bound = Value[] | Record<string, Value>

interface LibsqlStatement {
  get(bound: Bound): Row | undefined
  iterate(bound: Bound): Iterable<Row>
  run(bound: Bound): { changes: number; lastInsertRowid: number }
  raw(enabled: boolean): void
}

interface LibsqlDatabase {
  readonly open: boolean
  readonly inTransaction: boolean
  exec(sql: string): void
  prepare(sql: string): LibsqlStatement
  close(): void
}

// The test runtime keeps its modules out of reach of the bundle's imports.
const runtimeRequire = createRequire(join(process.env.COFFER_TEST_MODULES ?? '', 'here.js'))
const Libsql = runtimeRequire('libsql') as new (path: string, options: { timeout: number }) => LibsqlDatabase

/** node:sqlite's errors carry `errcode`, SQLite's result code (https://nodejs.org/api/sqlite.html). */
function translated<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (error instanceof Error && 'rawCode' in error) {
      Object.assign(error, { code: 'ERR_SQLITE_ERROR', errcode: error.rawCode })
    }
    throw error
  }
}

/** libsql takes one array of positions or one object of names, and no views but Buffers. */
function bound(parameters: unknown[]): Bound {
  const [first] = parameters
  const isNamed = parameters.length === 1 && first !== null && typeof first === 'object' && !ArrayBuffer.isView(first)
  if (isNamed) return first as Record<string, Value>
  return parameters.map((value) => (ArrayBuffer.isView(value) ? Buffer.from(value as Uint8Array) : value)) as Value[]
}

function bytesOf(value: unknown): unknown {
  return value instanceof ArrayBuffer ? new Uint8Array(value) : value
}

/** libsql's `iterate` gives blobs as ArrayBuffers, and its `get` adds a `_metadata` of its own. */
function rowOf(row: Row): Row {
  if (Array.isArray(row)) return row.map(bytesOf)
  delete row._metadata
  for (const name in row) row[name] = bytesOf(row[name])
  return row
}

class StatementSync {
  readonly #statement: LibsqlStatement

  constructor(statement: LibsqlStatement) {
    this.#statement = statement
  }

  get(...parameters: unknown[]): Row | undefined {
    const row = translated(() => this.#statement.get(bound(parameters)))
    return row === undefined ? row : rowOf(row)
  }

  all(...parameters: unknown[]): Row[] {
    return [...this.iterate(...parameters)]
  }

  *iterate(...parameters: unknown[]): Generator<Row> {
    const rows = translated(() => this.#statement.iterate(bound(parameters)))
    for (const row of rows) yield rowOf(row)
  }

  run(...parameters: unknown[]): { changes: number; lastInsertRowid: number } {
    return translated(() => this.#statement.run(bound(parameters)))
  }

  setReturnArrays(enabled: boolean): void {
    this.#statement.raw(enabled)
  }
}

export class DatabaseSync {
  readonly #database: LibsqlDatabase
  readonly #path: string

  constructor(path: string, { timeout = 0 }: { timeout?: number } = {}) {
    this.#path = resolve(path)
    this.#database = translated(() => new Libsql(path, { timeout }))
  }

  get isOpen(): boolean {
    return this.#database.open
  }

  get isTransaction(): boolean {
    return this.#database.inTransaction
  }

  location(): string {
    return this.#path
  }

  exec(sql: string): void {
    translated(() => this.#database.exec(sql))
  }

  prepare(sql: string): StatementSync {
    return new StatementSync(translated(() => this.#database.prepare(sql)))
  }

  close(): void {
    this.#database.close()
  }
}

/** Copies a database whole, as of one moment, to a file that does not exist. Returns the number of pages as 1. */
export function backup(database: DatabaseSync, path: string): Promise<number> {
  database.exec(`VACUUM INTO '${path.replaceAll("'", "''")}'`)
  return Promise.resolve(1)
}
