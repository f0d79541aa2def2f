import type { DatabaseSync } from 'node:sqlite'
import { CofferError, isCofferError } from '../base/errors.ts'
import { ownError } from '../base/own-error.ts'
import { openDatabase } from './database.ts'
import { newestSoundCopy, type DatabaseCopy } from './database-copies.ts'

/** Opens the database; one that is damaged is told with the copy that can take its place. */
export function openOrExplain(home: string): DatabaseSync {
  try {
    return openDatabase(home)
  } catch (error) {
    if (!isCofferError(error, 'DATABASE_DAMAGED')) throw error
    const copy = newestSoundCopy(home)
    const hint =
      copy === null
        ? 'There is no copy of it. Begin a new one: coffer database new. Your keys are found again where keys are kept.'
        : `A copy of ${dateOf(copy)} is there. Put it back: coffer database restore.`
    throw new CofferError(error.code, error.message, { cause: error, hint, facts: error.facts })
  }
}

/** What is said once about a database that was lost, while copies of it are there. */
export function lostInWords(home: string): string {
  const copy = newestSoundCopy(home)
  const start = "Coffer's database was lost, and with it places and what was known of files."
  return copy === null ? start : `${start} A copy of ${dateOf(copy)} is there. To put it back: coffer database restore.`
}

/** `2026-11-30 22:15 UTC`. */
function dateOf({ madeAt }: DatabaseCopy): string {
  return `${madeAt.toISOString().slice(0, 16).replace('T', ' ')} UTC`
}

export function copyFailedInWords(error: unknown): string {
  return `The copy of Coffer's database could not be made. ${ownError(error).message}`
}
