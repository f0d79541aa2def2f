import { size } from '../../words/numbers.ts'

/** As much of what was taken (host.ts) as is said of it. */
interface Measured {
  bytes: number | undefined
  withoutEmptyFolders?: boolean
}

/** What is said of the files before they are put: how much they are, and what may be missing. */
export function takenNote(taken: readonly Measured[]): string {
  const isKnown = taken.every(({ bytes }) => bytes !== undefined)
  const bytes = taken.reduce((sum, one) => sum + (one.bytes ?? 0), 0)
  const isPartial = taken.some(({ withoutEmptyFolders }) => withoutEmptyFolders === true)
  return [
    ...(isKnown ? [`${size(bytes)}.`] : []),
    ...(isPartial
      ? ['The browser leaves out empty folders: to take them along, drop the folder on this page instead.']
      : []),
  ].join(' ')
}
