import type { DatabaseSync } from 'node:sqlite'
import { WITHOUT_INSTRUCTION_FILES } from './instruction-files.ts'

/** The keys of a run of folders, packed for searching. Line `n` is the bytes of `text` from `starts[n]` to `starts[n + 1]`. */
export interface Names {
  /** Keys, folded, one behind the other, in the order of folders and of names in each. */
  text: Buffer
  starts: Uint32Array
  /** Where in `text` a line's name begins, behind its folder's path. */
  nameStarts: Uint32Array
  /** The objects' row numbers. */
  ids: Float64Array
}

/** Reads the keys of a run of folders. */
interface Part {
  first: string
  last: string
  objects: number
}

/** Objects of one part, about: few enough to be packed in one turn of the event loop. */
const PART = 100_000
/** Bytes of packed keys that are kept. Of a larger bucket they are packed again for every search. */
const KEPT_BYTES = 256 * 1024 * 1024

/**
 * Letters that differ by case, or by how an accent is written, are the same in a search. What is not ASCII costs more, and
 * is rare among keys.
 */
export function folded(text: string): string {
  // eslint-disable-next-line no-control-regex -- The range is ASCII.
  if (/^[\x00-\x7f]*$/.test(text)) return text.toLowerCase()
  return text.normalize('NFC').toLowerCase().replaceAll('ς', 'σ')
}

/**
 * The packed keys below a folder, part by part. Those of the bucket that was searched last are kept, up to a bound, for as
 * long as `stamp` stays the same: a search in memory takes a small part of what asking the table would.
 */
export function openNames(
  db: DatabaseSync,
): (bucket: number, stamp: number, prefix: string) => Generator<Names, void, void> {
  const folders = db.prepare(
    'SELECT path, objects FROM listed_folders WHERE bucket = ? AND path >= ? AND objects > 0 ORDER BY path',
  )
  const objects = db.prepare(`
    SELECT o.id, f.path, o.name FROM listed_folders AS f CROSS JOIN listed_objects AS o ON o.folder = f.id
    WHERE f.bucket = ? AND f.path >= ? AND f.path <= ? AND o.name > '' ${WITHOUT_INSTRUCTION_FILES}
    ORDER BY f.path, o.name`)
  objects.setReturnArrays(true)
  let kept = { of: '', parts: new Map<string, Names>(), bytes: 0 }

  function read(bucket: number, stamp: number, { first, last }: Part): Names {
    const of = `${bucket} ${stamp}`
    if (kept.of !== of) kept = { of, parts: new Map(), bytes: 0 }
    const name = JSON.stringify([first, last])
    const known = kept.parts.get(name)
    if (known !== undefined) return known
    const names = pack(objects.all(bucket, first, last) as unknown as Row[])
    kept.bytes += names.text.length
    if (kept.bytes <= KEPT_BYTES) kept.parts.set(name, names)
    return names
  }

  return function* (bucket, stamp, prefix) {
    const below = folders.iterate(bucket, prefix) as Iterable<{ path: string; objects: number }>
    for (const part of [...partsOf(below, prefix)]) yield read(bucket, stamp, part)
  }
}

/** Groups folders, in order, until a group has enough objects. */
function* partsOf(folders: Iterable<{ path: string; objects: number }>, prefix: string): Generator<Part> {
  let part: Part | undefined
  for (const { path, objects } of folders) {
    if (!path.startsWith(prefix)) break
    part = { first: part?.first ?? path, last: path, objects: (part?.objects ?? 0) + objects }
    if (part.objects < PART) continue
    yield part
    part = undefined
  }
  if (part !== undefined) yield part
}

type Row = [id: number, path: string, name: string]

function pack(rows: Row[]): Names {
  const starts = new Uint32Array(rows.length + 1)
  const nameStarts = new Uint32Array(rows.length)
  const lines: string[] = []
  let at = 0
  let [path, foldedPath, pathBytes] = ['', '', 0]
  rows.forEach(([, ownPath, name], line) => {
    if (ownPath !== path) {
      path = ownPath
      foldedPath = folded(path)
      pathBytes = Buffer.byteLength(foldedPath)
    }
    const foldedName = folded(name)
    lines.push(foldedPath, foldedName)
    starts[line] = at
    nameStarts[line] = at + pathBytes
    at += pathBytes + Buffer.byteLength(foldedName)
  })
  starts[rows.length] = at
  return { text: Buffer.from(lines.join('')), starts, nameStarts, ids: Float64Array.from(rows, ([id]) => id) }
}

/** Calls `found` for every line that holds all of the words, in order; `inName` if its name alone does. */
export function findLines(
  { text, starts, nameStarts, ids }: Names,
  words: Buffer[],
  found: (id: number, inName: boolean) => void,
): void {
  const [probe, ...others] = words
  if (probe === undefined) return
  let line = 0
  for (let at = text.indexOf(probe); at !== -1; at = text.indexOf(probe, at)) {
    line = lineAt(starts, at, line)
    const [start = 0, end = text.length, nameStart = 0] = [starts[line], starts[line + 1], nameStarts[line]]
    if (at + probe.length > end) {
      // It lies across two keys.
      at += 1
      continue
    }
    const holds = (from: number, word: Buffer): boolean => text.subarray(from, end).includes(word)
    if (others.every((word) => holds(start, word))) {
      const inName = (at >= nameStart || holds(nameStart, probe)) && others.every((word) => holds(nameStart, word))
      found(ids[line] ?? 0, inName)
    }
    at = end
  }
}

/** The line in which a byte lies; `from` is one that is known to begin before it. */
function lineAt(starts: Uint32Array, at: number, from: number): number {
  let [low, high] = [from, starts.length - 1]
  while (high - low > 1) {
    const middle = (low + high) >>> 1
    if ((starts[middle] ?? 0) <= at) low = middle
    else high = middle
  }
  return low
}
