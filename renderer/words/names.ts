import { printable } from '../../electron/api/words/printable.ts'
import { count } from './numbers.ts'

export { printable }

/** The last part of an object's or a folder's key. */
export function lastName(key: string): string {
  return key.replace(/\/$/, '').split('/').at(-1) ?? key
}

/** The same as it is shown: a name may hold anything, also what turns the direction of the text around it. */
export function shownName(key: string): string {
  return printable(lastName(key))
}

/** What was chosen: `“lease.txt”`, or `3 items`. */
export function itemsText(entries: readonly { key: string }[]): string {
  const [first] = entries
  return entries.length === 1 && first !== undefined ? `“${shownName(first.key)}”` : count(entries.length, 'item')
}

/** Where a folder is: `papers / 2026 / contracts`. */
export function folderText(bucket: string, prefix: string): string {
  return printable([bucket, ...prefix.split('/').filter(Boolean)].join(' / '))
}
