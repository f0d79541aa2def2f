import { closeSync, constants, fchmodSync, fstatSync, openSync, renameSync, rmSync, statSync, writeSync } from 'node:fs'
import { traceOf } from './crash.ts'

/** Bytes of one file, after which a new one begins. */
const FILE_LIMIT = 512 * 1024
/** Older files that are kept. */
const OLDER = 2

/** A number, a switch, or a code of a closed list: never words, names, paths or content. */
export type Fact = number | boolean | string | undefined

/** What happened, by codes and counts, for whoever looks for the cause of a fault. */
export interface EventLog {
  write(event: string, facts?: Record<string, Fact>): void
  /** The same with the kinds and places of an error and its causes; never their messages. */
  trace(event: string, error: unknown, facts?: Record<string, Fact>): void
}

export const NO_LOG: EventLog = { write: () => undefined, trace: () => undefined }

export interface LogOptions {
  /** Which process writes. */
  from: string
  /** One of the processes that share the file begins a new one when it is full; the others leave out what has no room. */
  rotates: boolean
}

/**
 * Appends to a file that only its owner may read. Each entry is written when it happens, so that a crash loses none. A log that
 * cannot be written stops nothing.
 */
export function openEventLog(path: string, { from, rotates }: LogOptions): EventLog {
  const append = (event: string, facts: Record<string, Fact>, more = ''): void => {
    try {
      if (rotates && sizeOf(path) >= FILE_LIMIT) rotate(path)
      appendLine(path, `${new Date().toISOString()} ${from} ${event}${inWords(facts)}\n${more}`)
    } catch {
      // The disk is full, or the folder is gone.
    }
  }
  return {
    write: (event, facts = {}) => append(event, facts),
    trace: (event, error, facts = {}) =>
      append(event, facts, traceOf(error).replace(/^/gm, '    ').trimEnd().concat('\n')),
  }
}

/** What is no code is not written, so that a caller's mistake gives no name and no content away. */
function inWords(facts: Record<string, Fact>): string {
  return Object.entries(facts)
    .filter(([, value]) => value !== undefined)
    .map(
      ([name, value]) => ` ${name}=${typeof value === 'string' && !/^[A-Za-z][\w.-]{0,31}$/.test(value) ? '?' : value}`,
    )
    .join('')
}

function appendLine(path: string, line: string): void {
  const { O_APPEND, O_CREAT, O_WRONLY } = constants
  // Windows has no such flag.
  const noFollow = (constants as { O_NOFOLLOW?: number }).O_NOFOLLOW ?? 0
  const file = openSync(path, O_APPEND | O_CREAT | O_WRONLY | noFollow, 0o600)
  try {
    if (process.platform !== 'win32') fchmodSync(file, 0o600)
    if (fstatSync(file).size < FILE_LIMIT) writeSync(file, line)
  } finally {
    closeSync(file)
  }
}

/** `coffer.log` becomes `coffer.log.1`, and so on; the oldest goes. */
function rotate(path: string): void {
  const numbered = (at: number): string => (at === 0 ? path : `${path}.${at}`)
  rmSync(numbered(OLDER), { force: true })
  for (let at = OLDER - 1; at >= 0; at--) {
    if (sizeOf(numbered(at)) > 0) renameSync(numbered(at), numbered(at + 1))
  }
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0
}
