import { readFileSync, readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** So many of the newest dumps stay. */
const KEPT = 5

/**
 * Types of processes whose dumps may stay. A dump holds the stacks of its process; those of the engine and of This computer,
 * which are `utility`, can hold keys and content.
 */
const ALLOWED: readonly string[] = ['browser', 'renderer', 'gpu-process']

/**
 * Removes from Crashpad's folder the dumps of processes that hold keys, those that do not say what they are of, and all but the
 * newest of the others. Answers how many were removed.
 */
export function pruneCrashDumps(folder: string): number {
  const found = dumpsIn(folder)
  const extra = found.filter(({ path }) => !ALLOWED.includes(processTypeOf(path)))
  const others = found.filter((dump) => !extra.includes(dump)).sort((a, b) => b.time - a.time)
  const removed = [...extra, ...others.slice(KEPT)]
  for (const { path } of removed) {
    rmSync(path, { force: true })
    rmSync(path.replace(/\.dmp$/, '.meta'), { force: true })
  }
  return removed.length
}

interface Dump {
  path: string
  /** When it was written, in milliseconds. */
  time: number
}

function dumpsIn(folder: string): Dump[] {
  try {
    return readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.dmp'))
      .map((name) => join(folder, name))
      .map((path) => ({ path, time: statSync(path).mtimeMs }))
  } catch {
    return []
  }
}

/** The name of Chromium's annotation as it is in a minidump: its length, then its bytes, up to a multiple of four. */
const PTYPE = Buffer.from('\x05\0\0\0ptype\0\0\0', 'latin1')

/**
 * The value of Chromium's annotation `ptype`, which follows its name as a length (32 bits, little endian) and so many bytes
 * (Crashpad's MinidumpUTF8String and MinidumpByteArray). Empty if there is none.
 */
function processTypeOf(path: string): string {
  const dump = readFileSync(path)
  const at = dump.indexOf(PTYPE)
  const value = at + PTYPE.length + 4
  if (at < 0 || value > dump.length) return ''
  return dump.toString('latin1', value, value + dump.readUInt32LE(value - 4))
}
