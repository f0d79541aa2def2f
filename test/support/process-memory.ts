import { closeSync, openSync, readFileSync, readSync } from 'node:fs'

const CHUNK = 16 * 1024 * 1024

/** Why the memory of another process cannot be read here; null if it can. */
export function whyNoMemory(): string | null {
  return process.platform === 'linux' ? null : 'reads /proc/PID/mem, which only Linux has'
}

/**
 * How often each needle is in the memory of a process that is not this one: everything it may write to, heaps and stacks
 * alike (proc(5), /proc/PID/maps and /proc/PID/mem). The process stands still meanwhile.
 */
export function countInMemory<Name extends string>(pid: number, needles: Record<Name, Buffer>): Record<Name, number> {
  const names = Object.keys(needles) as Name[]
  const longest = Math.max(...names.map((name) => needles[name].length))
  const counts = Object.fromEntries(names.map((name) => [name, 0])) as Record<Name, number>
  process.kill(pid, 'SIGSTOP')
  const memory = openSync(`/proc/${pid}/mem`, 'r')
  try {
    for (const { start, end } of writableRegions(pid)) {
      for (let at = start; at < end; at += CHUNK) {
        const bytes = read(memory, at, Math.min(CHUNK + longest - 1, end - at))
        for (const name of names) counts[name] += occurrences(bytes, needles[name], CHUNK)
      }
    }
    return counts
  } finally {
    closeSync(memory)
    process.kill(pid, 'SIGCONT')
  }
}

function writableRegions(pid: number): { start: number; end: number }[] {
  return readFileSync(`/proc/${pid}/maps`, 'utf8')
    .split('\n')
    .map((line) => /^([0-9a-f]+)-([0-9a-f]+) rw/.exec(line))
    .filter((match) => match !== null)
    .map(([, start = '', end = '']) => ({ start: parseInt(start, 16), end: parseInt(end, 16) }))
}

/** Empty where the system shows nothing: pages that were given back meanwhile. */
function read(memory: number, at: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length)
  try {
    return bytes.subarray(0, readSync(memory, bytes, 0, length, at))
  } catch {
    return bytes.subarray(0, 0)
  }
}

/** Those that begin within the first `within` bytes. */
function occurrences(bytes: Buffer, needle: Buffer, within: number): number {
  let count = 0
  for (let at = bytes.indexOf(needle); at !== -1 && at < within; at = bytes.indexOf(needle, at + 1)) count += 1
  return count
}
