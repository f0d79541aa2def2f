import { count } from './numbers.ts'

/** The last part of an object's or a folder's key. */
export function lastName(key: string): string {
  return key.replace(/\/$/, '').split('/').at(-1) ?? key
}

/** What was chosen: `“lease.txt”`, or `3 items`. */
export function itemsText(entries: readonly { key: string }[]): string {
  const [first] = entries
  return entries.length === 1 && first !== undefined ? `“${lastName(first.key)}”` : count(entries.length, 'item')
}

/** Where a folder is: `papers / 2026 / contracts`. */
export function folderText(bucket: string, prefix: string): string {
  return [bucket, ...prefix.split('/').filter(Boolean)].join(' / ')
}
