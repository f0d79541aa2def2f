import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { FRAME_HEAD_BYTES, FRAME_MAGIC, HEADER_BYTES, frameCipher, readFrameHead, readHeader } from './frame.ts'
import type { FrameCipher, LogHeader } from './frame.ts'

/** A frame that has been authenticated. */
export interface Frame {
  seq: number
  payload: Buffer
  /** Where it ends in its file. */
  end: number
}

/** How a log file ended. */
export interface LogFileEnd {
  /** Behind the last good frame. */
  end: number
  /** There are bytes behind it that are no frame: a write that was cut off. */
  isTorn: boolean
  /** There are bytes that are no frame before a good one: the disk, or somebody, has damaged the file. */
  isDamaged: boolean
}

/** Enough to find the next frame's head in, behind damage. */
const WINDOW_BYTES = 1 << 20

export interface LogFileReader {
  header: LogHeader
  /** The frames from `offset` on; damage is passed over. */
  frames(offset?: number): Generator<Frame, LogFileEnd>
  close(): void
}

/** Opens a log file to read it; null if it has no header of a log file. */
export function openLogFile(path: string, logKey: Buffer): LogFileReader | null {
  const fd = openSync(path, 'r')
  const header = readHeader(readAt(fd, 0, HEADER_BYTES))
  if (!header) {
    closeSync(fd)
    return null
  }
  const cipher = frameCipher(logKey, header)
  return { header, frames: (offset = HEADER_BYTES) => readFrames(fd, cipher, offset), close: () => closeSync(fd) }
}

function* readFrames(fd: number, cipher: FrameCipher, from: number): Generator<Frame, LogFileEnd> {
  const { size } = fstatSync(fd)
  let [at, end, isDamaged] = [from, from, false]
  while (at < size) {
    const frame = frameAt(fd, cipher, at, size)
    if (frame) {
      // What was passed over before this frame is damage, and no torn end.
      isDamaged ||= at !== end
      at = end = frame.end
      yield frame
    } else {
      at = nextMagic(fd, at + 1, size)
    }
  }
  return { end, isTorn: end < size, isDamaged }
}

function frameAt(fd: number, cipher: FrameCipher, at: number, size: number): Frame | null {
  const head = readAt(fd, at, FRAME_HEAD_BYTES)
  const { length, seq } = readFrameHead(head) ?? { length: 0, seq: 0 }
  const end = at + FRAME_HEAD_BYTES + length
  if (length === 0 || end > size) return null
  const payload = cipher.open(head, readAt(fd, at + FRAME_HEAD_BYTES, length))
  return payload && { seq, payload, end }
}

/** Where a frame might begin again; `size` if nowhere. */
function nextMagic(fd: number, from: number, size: number): number {
  for (let at = from; at < size; at += WINDOW_BYTES) {
    // Windows overlap, so that a head across their border is found.
    const found = readAt(fd, at, WINDOW_BYTES + FRAME_MAGIC.length - 1).indexOf(FRAME_MAGIC)
    if (found !== -1) return at + found
  }
  return size
}

/** Up to `length` bytes; fewer at the file's end. */
function readAt(fd: number, position: number, length: number): Buffer {
  const buffer = Buffer.allocUnsafe(length)
  let filled = 0
  while (filled < length) {
    const read = readSync(fd, buffer, filled, length - filled, position + filled)
    if (read === 0) break
    filled += read
  }
  return buffer.subarray(0, filled)
}
