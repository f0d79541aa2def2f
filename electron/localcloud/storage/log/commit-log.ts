import { closeSync, fdatasyncSync, ftruncateSync, fstatSync, openSync, rmSync, statSync, writevSync } from 'node:fs'
import { existsSync } from 'node:fs'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { syncFolder } from '../../durable-file.ts'
import { FRAME_HEAD_BYTES, frameCipher, newHeader, type FrameCipher } from './frame.ts'
import { logName, type LogFiles } from './log-folder.ts'
import { openLogFile } from './log-file.ts'

/**
 * The write-ahead log of the index: what each commit changed, sealed, in the order of commits. A commit has happened when its
 * frame is on disk; the database follows. With the snapshot that it begins with, the log yields the index anew.
 */
export interface CommitLog {
  /** Names the vault's log: 16 random bytes, in hex. */
  readonly id: string
  /** Of the last commit. */
  readonly lastSeq: number
  /** Bytes of commits that were appended since the last snapshot. */
  readonly grownBytes: number
  /** Writes a commit and syncs it. If it throws, nothing was appended. */
  append(payload: Uint8Array): void
  /** Takes the last append back: the database could not follow. */
  retract(): void
  /** Begins a new file with the next append, so that a snapshot can replace those so far. */
  rotate(): void
  /** A snapshot has replaced what was appended before: so many bytes of it are left. */
  startsAnew(): void
  close(): void
}

/** A new file is begun after so many bytes: what a start reads of it stays short. */
const FILE_BYTES = 8 << 20

interface Current {
  fd: number
  cipher: FrameCipher
  /** Where the next frame goes. */
  end: number
}

/** `lastSeq`: the last commit that was read from the files. */
export function openCommitLog(files: LogFiles, logKey: Buffer, lastSeq: number, id?: string): CommitLog {
  const last = lastFile(files, logKey)
  const logId = id ?? last?.logId ?? randomBytes(16).toString('hex')
  let current = last?.current
  let seq = lastSeq
  let before: number | undefined
  let grownBytes = files.logs.reduce((sum, { path }) => sum + statSync(path).size, 0)

  function giveUp(): void {
    if (current) closeSync(current.fd)
    current = undefined
  }

  /** Cuts the file back to where a commit began. If that fails, a new file supersedes what is behind. */
  function cutBack(to: number): void {
    if (!current) return
    try {
      ftruncateSync(current.fd, to)
      fdatasyncSync(current.fd)
      current.end = to
    } catch {
      giveUp()
    }
  }

  function begin(): Current {
    const header = newHeader(logId, seq + 1)
    let attempt = 0
    while (existsSync(join(files.folder, logName(seq + 1, attempt)))) attempt++
    const path = join(files.folder, logName(seq + 1, attempt))
    const fd = openSync(path, 'wx', 0o600)
    try {
      writeAll(fd, [header.bytes], 0)
      fdatasyncSync(fd)
      syncFolder(files.folder)
      return { fd, cipher: frameCipher(logKey, header), end: header.bytes.length }
    } catch (error) {
      closeSync(fd)
      rmSync(path, { force: true })
      throw error
    }
  }

  return {
    id: logId,
    get lastSeq() {
      return seq
    },
    get grownBytes() {
      return grownBytes
    },
    append(payload) {
      if (current && current.end >= FILE_BYTES) giveUp()
      current ??= begin()
      const at = current.end
      const frame = current.cipher.seal(seq + 1, payload)
      try {
        writeAll(current.fd, frame, at)
        fdatasyncSync(current.fd)
      } catch (error) {
        cutBack(at)
        throw error
      }
      const bytes = frame.reduce((sum, { length }) => sum + length, 0)
      current.end = at + bytes
      grownBytes += bytes
      before = at
      seq++
    },
    retract() {
      if (before === undefined) return
      seq--
      cutBack(before)
      before = undefined
    },
    rotate: giveUp,
    startsAnew() {
      grownBytes = current === undefined ? 0 : current.end
    },
    close: giveUp,
  }
}

/** The file to append to: the newest one, unless it ends in something that is no frame or belongs to another log. */
function lastFile({ logs }: LogFiles, logKey: Buffer): { logId: string; current: Current | undefined } | undefined {
  const path = logs.at(-1)?.path
  const reader = path === undefined ? null : openLogFile(path, logKey)
  if (path === undefined || !reader) return undefined
  const { header } = reader
  const frames = reader.frames()
  let next = frames.next()
  while (next.done !== true) next = frames.next()
  reader.close()
  const { end, isTorn, isDamaged } = next.value
  if (isTorn || isDamaged || end < header.bytes.length + FRAME_HEAD_BYTES) {
    return { logId: header.logId, current: undefined }
  }
  const fd = openSync(path, 'r+')
  if (fstatSync(fd).size !== end) {
    closeSync(fd)
    return { logId: header.logId, current: undefined }
  }
  return { logId: header.logId, current: { fd, cipher: frameCipher(logKey, header), end } }
}

function writeAll(fd: number, pieces: Buffer[], at: number): void {
  const bytes = pieces.reduce((sum, { length }) => sum + length, 0)
  const written = writevSync(fd, pieces, at)
  if (written === bytes) return
  writeAll(fd, [Buffer.concat(pieces).subarray(written)], at + written)
}
