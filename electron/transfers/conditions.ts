import type { S3Client } from '@aws-sdk/client-s3'
import { isCofferError } from '../base/errors.ts'
import type { Condition } from './object.ts'

/**
 * What a server makes of conditional writes. Amazon and This computer keep them; of others some overlook them and overwrite,
 * and some refuse every write that carries one. The first shows when an object that was just stored under `If-None-Match: *`
 * is sent once more.
 */
const known = new WeakMap<S3Client, 'asked' | 'keeps' | 'overlooks' | 'refuses'>()

/** True once this client's server has been seen to refuse to overwrite. */
export function keepsConditions(s3: S3Client): boolean {
  return known.get(s3) === 'keeps'
}

/** Tries it out, once a client: `again` repeats the write that has just succeeded, with the same bytes. Best effort. */
export async function tryConditions(s3: S3Client, again: () => Promise<unknown>): Promise<void> {
  if (known.has(s3)) return
  known.set(s3, 'asked')
  try {
    await again()
    known.set(s3, 'overlooks')
  } catch (error) {
    if (isCofferError(error, 'ALREADY_EXISTS')) known.set(s3, 'keeps')
    else known.delete(s3)
  }
}

/** A write that must not replace what it is not meant to. */
export interface ConditionalWrite {
  condition?: Condition | undefined
  /** Asks S3 what the condition says, right before the write. Throws if it does not hold. */
  recheck?: (() => Promise<void>) | undefined
}

/**
 * Runs a write under its condition. A server that refuses conditions is asked by `recheck` instead, and then written to
 * without; that is remembered for as long as its client lives. Throws what `write` and `recheck` throw.
 */
export async function underCondition<T>(
  s3: S3Client,
  { condition, recheck }: ConditionalWrite,
  write: (condition: Condition | undefined) => Promise<T>,
): Promise<T> {
  if (condition === undefined || recheck === undefined) return write(condition)
  if (known.get(s3) === 'refuses') {
    await recheck()
    return write(undefined)
  }
  try {
    return await write(condition)
  } catch (error) {
    if (!mayRefuseConditions(error)) throw error
    await recheck()
    const done = await write(undefined)
    // It was nothing else that was refused.
    known.set(s3, 'refuses')
    return done
  }
}

function mayRefuseConditions(error: unknown): boolean {
  if (isCofferError(error, 'UNSUPPORTED')) return true
  return isCofferError(error, 'INVALID_INPUT') && /if-(?:none-)?match/i.test(error.message)
}
