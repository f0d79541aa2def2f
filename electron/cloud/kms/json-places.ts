/** A value that was read from JSON text, and where in the text each part of it begins. */
export interface PlacedJson {
  value: unknown
  /** The offset of the value under these names and indexes, or of the nearest that is there. */
  at(path: readonly PropertyKey[]): number
}

/** What is wrong with a JSON text, and at which offset. */
export class JsonSyntaxError extends Error {
  readonly offset: number

  constructor(message: string, offset: number) {
    super(message)
    this.name = 'JsonSyntaxError'
    this.offset = offset
  }
}

/** Nobody's policy is nested deeper; it bounds the recursion. */
const MAX_DEPTH = 64

/**
 * Reads JSON (RFC 8259) as JSON.parse does, but tells exactly where it goes wrong, which the engine's own messages do not
 * always, and refuses an object that has a name twice. Throws JsonSyntaxError.
 */
export function readJson(text: string): PlacedJson {
  const offsets = new Map<string, number>()
  const reader = createReader(text, offsets)
  const value = reader.document()
  const at = (path: readonly PropertyKey[]): number => {
    for (let length = path.length; length > 0; length--) {
      const offset = offsets.get(pathName(path.slice(0, length)))
      if (offset !== undefined) return offset
    }
    return offsets.get('[]') ?? 0
  }
  return { value, at }
}

/** Line and column of an offset, both from 1. */
export function lineAndColumn(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset).split(/\r\n|\n|\r/)
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 }
}

function pathName(path: readonly PropertyKey[]): string {
  return JSON.stringify(path.map(String))
}

/** Everything but quotes, backslashes and U+0000 to U+001F stands for itself (RFC 8259, section 7). */
const CHARACTERS = String.raw`(?:[^"\\\p{Cc}]|[\x7f-\x9f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*`
const STRING = new RegExp(`"${CHARACTERS}"`, 'uy')
const STRING_START = new RegExp(`"${CHARACTERS}`, 'uy')
const SCALAR = /(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)(?![\w.+-])/y
const SPACE = /[ \t\r\n]*/y

function createReader(text: string, offsets: Map<string, number>) {
  let offset = 0

  const fail = (message: string, where = offset): never => {
    throw new JsonSyntaxError(where >= text.length ? 'the text ends here too early' : message, where)
  }
  const matched = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = offset
    const [found] = pattern.exec(text) ?? []
    if (found !== undefined) offset += found.length
    return found
  }
  const next = (character: string): boolean => {
    matched(SPACE)
    if (text[offset] !== character) return false
    offset++
    return true
  }
  const string = (): string => {
    const found = matched(STRING)
    if (found !== undefined) return JSON.parse(found) as string
    const kept = matched(STRING_START)
    return fail(kept === undefined ? 'a name in double quotes is expected' : 'this cannot stand in a string')
  }

  const value = (path: (string | number)[]): unknown => {
    matched(SPACE)
    offsets.set(pathName(path), offset)
    if (path.length > MAX_DEPTH) fail('nested too deeply')
    if (text[offset] === '{') return object(path)
    if (text[offset] === '[') return array(path)
    if (text[offset] === '"') return string()
    const scalar = matched(SCALAR)
    return scalar === undefined ? fail('a value is expected') : JSON.parse(scalar)
  }

  const object = (path: (string | number)[]): Record<string, unknown> => {
    const entries = new Map<string, unknown>()
    offset++
    if (next('}')) return {}
    do {
      matched(SPACE)
      const start = offset
      const name = string()
      if (entries.has(name)) fail(`“${name}” is here twice`, start)
      if (!next(':')) fail(': is expected')
      entries.set(name, value([...path, name]))
    } while (next(','))
    if (!next('}')) fail(', or } is expected')
    return Object.fromEntries(entries)
  }

  const array = (path: (string | number)[]): unknown[] => {
    const items: unknown[] = []
    offset++
    if (next(']')) return items
    do items.push(value([...path, items.length]))
    while (next(','))
    if (!next(']')) fail(', or ] is expected')
    return items
  }

  const document = (): unknown => {
    const whole = value([])
    matched(SPACE)
    if (offset < text.length) fail('nothing is expected after the end')
    return whole
  }
  return { document }
}
