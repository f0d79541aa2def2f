import { statfsSync } from 'node:fs'
import { dirname } from 'node:path'

/** Bytes that a person may still write to the disk of `path`, or of the nearest folder above it; undefined if it does not say. */
export function freeBytes(path: string): number | undefined {
  for (let at = path; ; at = dirname(at)) {
    try {
      const { bavail, bsize } = statfsSync(at)
      return bavail * bsize
    } catch {
      if (dirname(at) === at) return undefined
    }
  }
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const

/** 1536 becomes `1.5 KiB`. */
function byteSize(bytes: number): string {
  const power = bytes < 1 ? 0 : Math.min(Math.floor(Math.log2(bytes) / 10), UNITS.length - 1)
  const value = bytes / 1024 ** power
  return `${power === 0 || value >= 100 ? value.toFixed(0) : value.toFixed(1)} ${UNITS[power] ?? 'B'}`
}

/** ` 3.0 MiB is needed there, and 12 KiB is free.` as far as it is known, and the same as facts in bytes. */
export function spaceInWords(path: string, needed?: number): { words: string; facts: Record<string, string> } {
  const free = freeBytes(path)
  const parts = [
    ...(needed === undefined ? [] : [`${byteSize(needed)} is needed there`]),
    ...(free === undefined ? [] : [`${byteSize(free)} is free`]),
  ]
  return {
    words: parts.length === 0 ? '' : ` ${capital(parts.join(', and '))}.`,
    facts: {
      ...(needed === undefined ? {} : { needed: String(needed) }),
      ...(free === undefined ? {} : { free: String(free) }),
    },
  }
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
