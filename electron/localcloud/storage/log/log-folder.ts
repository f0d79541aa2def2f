import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { makeFolderSync } from '../../../base/make-folder.ts'
import { HEADER_BYTES } from './frame.ts'
import { openLogFile, type Frame, type LogFileReader } from './log-file.ts'

/** A file of the log, by its name. */
export interface LogFile {
  path: string
  /** Log file: sequence number of its first frame. Snapshot: the last commit that it contains. */
  seq: number
}

/**
 * The files of a log, in order. A snapshot holds every row as of its sequence number; log files hold what was committed
 * since, a frame a commit.
 */
export interface LogFiles {
  folder: string
  logs: LogFile[]
  /** The newest one; undefined: the log begins with an empty index. */
  snapshot: LogFile | undefined
  /** What the newest snapshot replaces: older snapshots, and log files that end before it. */
  obsolete: LogFile[]
  bytes: number
}

export function logFolder(dataDir: string): string {
  return join(dataDir, 'objects', 'log')
}

const LOG_NAME = /^(\d{16})-(\d{3})\.log$/
const SNAPSHOT_NAME = /^(\d{16})\.snapshot$/

export function snapshotName(seq: number): string {
  return `${digits(seq, 16)}.snapshot`
}

/** `attempt` tells files apart that begin with the same number: the earlier ones were given up. */
export function logName(seq: number, attempt: number): string {
  return `${digits(seq, 16)}-${digits(attempt, 3)}.log`
}

function digits(value: number, count: number): string {
  return String(value).padStart(count, '0')
}

/** Lists a log's folder and makes it if it is not there. */
export function listLog(folder: string): LogFiles {
  makeFolderSync(folder, 0o700)
  const names = readdirSync(folder).sort()
  const matching = (pattern: RegExp): LogFile[] =>
    names.flatMap((name) => {
      const seq = pattern.exec(name)?.[1]
      return seq === undefined ? [] : [{ path: join(folder, name), seq: Number(seq) }]
    })
  const [logs, snapshots] = [matching(LOG_NAME), matching(SNAPSHOT_NAME)]
  const snapshot = snapshots.at(-1)
  const isObsolete = (index: number): boolean => (logs[index + 1]?.seq ?? Infinity) <= (snapshot?.seq ?? -1) + 1
  const files = [...snapshots, ...logs]
  return {
    folder,
    logs: logs.filter((_, index) => !isObsolete(index)),
    snapshot,
    obsolete: [...snapshots.slice(0, -1), ...logs.filter((_, index) => isObsolete(index))],
    bytes: files.reduce((sum, { path }) => sum + statSync(path).size, 0),
  }
}

/** How reading a log ended. */
export interface LogEnd {
  lastSeq: number
  /** Frames are missing or damaged before the last good one. */
  isDamaged: boolean
}

/** The commits after `after`, in order. Frames that a later file supersedes are left out. */
export function* readCommits({ logs }: LogFiles, logKey: Buffer, after: number): Generator<Frame, LogEnd> {
  const state: LogEnd = { lastSeq: after, isDamaged: false }
  for (const [index, file] of logs.entries()) {
    const bound = logs[index + 1]?.seq ?? Infinity
    if (bound <= after + 1) continue
    const reader = openLogFile(file.path, logKey)
    if (reader) yield* readOne(reader, bound, state)
    // A file without a header is empty where the disk was full, or the system crashed, when it was begun.
    else if (statSync(file.path).size > HEADER_BYTES) state.isDamaged = true
  }
  return state
}

function* readOne(reader: LogFileReader, bound: number, state: LogEnd): Generator<Frame, void> {
  try {
    const frames = reader.frames()
    let next = frames.next()
    for (; next.done !== true; next = frames.next()) {
      const { seq } = next.value
      if (seq <= state.lastSeq || seq >= bound) continue
      if (state.lastSeq >= 0 && seq !== state.lastSeq + 1) state.isDamaged = true
      state.lastSeq = seq
      yield next.value
    }
    if (next.value.isDamaged) state.isDamaged = true
  } finally {
    reader.close()
  }
}

/** Where a log ends, from its newest file that has a frame. Earlier damage is not looked for. */
export function readEnd({ logs, snapshot }: LogFiles, logKey: Buffer): LogEnd {
  for (const { path } of logs.toReversed()) {
    const reader = openLogFile(path, logKey)
    if (!reader) continue
    const state: LogEnd = { lastSeq: -1, isDamaged: false }
    const frames = readOne(reader, Infinity, state)
    while (frames.next().done !== true);
    if (state.lastSeq >= 0) return { lastSeq: state.lastSeq, isDamaged: state.isDamaged }
  }
  return { lastSeq: snapshot?.seq ?? 0, isDamaged: false }
}

/** The frames of a snapshot. Returns false if it is damaged. */
export function* readSnapshot(snapshot: LogFile, logKey: Buffer): Generator<Frame, boolean> {
  const reader = openLogFile(snapshot.path, logKey)
  if (!reader) return false
  try {
    const end = yield* reader.frames()
    return !end.isDamaged && !end.isTorn
  } finally {
    reader.close()
  }
}

/** Whether any file of the log opens under this key; null if there is none to try. */
export function opensLog(folder: string, logKey: Buffer): boolean | null {
  const { logs, snapshot } = listLog(folder)
  const files = [...(snapshot ? [snapshot] : []), ...logs]
  if (files.length === 0) return null
  return files.some(({ path }) => {
    const reader = openLogFile(path, logKey)
    const isOpen = reader?.frames().next().done === false
    reader?.close()
    return isOpen
  })
}
