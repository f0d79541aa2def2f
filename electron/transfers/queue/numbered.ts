import type { Item } from '../../store/transfer-items.ts'

/**
 * Where an item goes: under its own name, or beside what has that name. A put's key is numbered, a get's path is:
 * `name (2).ext`, as file managers do it.
 */
export function nameOf(
  kind: 'put' | 'get',
  { key, path, copy }: Pick<Item, 'key' | 'path' | 'copy'>,
): { key: string; path: string } {
  if (copy === 0) return { key, path }
  return kind === 'put' ? { key: numbered(key, copy), path } : { key, path: numbered(path, copy) }
}

/** A name that only begins with a dot has no extension. */
function numbered(name: string, copy: number): string {
  const [, folder = '', base = name, extension = ''] = /^(.*[/\\])?(.+?)((?:\.tar)?\.[^./\\ ]+)?$/s.exec(name) ?? []
  return `${folder}${base} (${copy})${extension}`
}
