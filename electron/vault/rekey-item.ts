import { isCofferError } from '../base/errors.ts'
import type { ModeChoice } from '../base/mode-names.ts'
import type { ModeOptions, Recognition } from '../modes/mode.ts'
import { isKey, type KeyNames } from './key-names.ts'
import { look, type Looked, type Wanted } from './look.ts'
import { contentVersions, purge } from './purge-versions.ts'
import { openLooked, type Reading } from './reading.ts'
import { recognise } from './recognise.ts'
import { rekeyOpened } from './rekey.ts'
import { isThere, type Target } from './rekey-target.ts'
import type { PutResult, RekeyWatch, Vault } from './vault.ts'
import { verify } from './verify.ts'

/** One object of a re-key of many. */
export interface RekeyItem {
  bucket: string
  key: string
  from: ModeOptions
  mode: ModeChoice
  to: ModeOptions
  target: Target
  /** Only if it is under this key; undefined: in any case. */
  under: KeyNames | undefined
  /** Consent was given to delete older versions that are not where the object is to get to. */
  purge: boolean
  /** An earlier attempt was cut off, so what is there has to be proven even if it is under the new key. */
  doubtful: boolean
  /** The ETag of what an earlier attempt wrote and saw through. */
  written?: string | undefined
}

/** What became of it. `purged` counts older versions that were deleted. */
export type RekeyOutcome =
  | { kind: 'changed'; result: PutResult; purged: number }
  | { kind: 'there'; mode: Recognition['mode']; keyId: string | undefined; etag: string; purged: number }
  | { kind: 'elsewhere' }

/**
 * Re-keys one object unless it is under the new mode and key already, or not under the key that was asked for. Older
 * versions go last, after the current one has been proven, and only those that were there before. Throws what `rekey`
 * and `verify` throw.
 */
export async function rekeyItem(vault: Vault, item: RekeyItem, watch: RekeyWatch): Promise<RekeyOutcome> {
  const { signal } = watch
  const standing = await findStanding(vault, item, signal)
  if (standing.kind === 'elsewhere') return standing
  if (standing.kind === 'there') {
    const { bucket, key } = item
    const older = item.purge ? await contentVersions(vault, item, signal) : []
    const isUnknown = item.doubtful || isOwnUnknown(vault, item, standing.etag)
    // The attempt that was cut off may have taken its envelope off, and had no time to remember that.
    if (isUnknown) vault.catalog.forget(vault.place, bucket, key)
    if (isUnknown || older.length > 1) await verify(vault, { bucket, key, options: {} }, watch)
    return { ...standing, purged: await purge(vault, item, older, signal) }
  }
  const { reading } = standing
  const older = item.purge ? await contentVersions(vault, item, signal).catch(disposing(reading)) : []
  const result = await rekeyOpened(vault, item, reading, watch)
  return { kind: 'changed', result, purged: await purge(vault, item, older, signal) }
}

/** What is there is what an earlier attempt wrote, and the catalog still tells of what was there before. */
function isOwnUnknown({ catalog, place }: Vault, { bucket, key, written }: RekeyItem, etag: string): boolean {
  return written === etag && catalog.recall(place, bucket, key)?.etag !== etag
}

function disposing({ plan }: Reading): (error: unknown) => never {
  return (error) => {
    plan.dispose()
    throw error
  }
}

type Standing =
  | { kind: 'there'; mode: Recognition['mode']; keyId: string | undefined; etag: string }
  | { kind: 'elsewhere' }
  | { kind: 'to-change'; reading: Reading }

/** Where an object stands, with as few questions as will tell: often its HEAD does, else its key has to be reached. */
async function findStanding(vault: Vault, item: RekeyItem, signal: AbortSignal): Promise<Standing> {
  const wanted = { bucket: item.bucket, key: item.key, options: item.from }
  const { looked, misnamed } = await lookWithout(vault, wanted, signal)
  const told = recognise(vault, looked.facts)
  if (isThere(item.target, told, looked.facts)) return there(told, looked)
  if (item.under !== undefined && isUnder(item.under, told) === 'no') return { kind: 'elsewhere' }
  if (misnamed !== undefined) throw misnamed
  const reading = await openOrPass(vault, item, wanted, looked, signal)
  if (reading === null) return { kind: 'elsewhere' }
  const { recognition } = reading.plan
  if (isThere(item.target, recognition, reading.facts)) {
    reading.plan.dispose()
    return there(recognition, looked)
  }
  if (item.under !== undefined && isUnder(item.under, recognition) !== 'yes') {
    reading.plan.dispose()
    return { kind: 'elsewhere' }
  }
  return { kind: 'to-change', reading }
}

/** The key that was named for reading opens the old content; what is re-keyed already is found by itself. */
async function lookWithout(
  vault: Vault,
  wanted: Wanted,
  signal: AbortSignal,
): Promise<{ looked: Looked; misnamed?: Error }> {
  try {
    return { looked: await look(vault, wanted, signal) }
  } catch (misnamed) {
    if (!isCofferError(misnamed, 'KEY_WRONG') || wanted.options.key === undefined) throw misnamed
    return { looked: await look(vault, unnamed(wanted), signal), misnamed }
  }
}

function unnamed(wanted: Wanted): Wanted {
  return { ...wanted, options: { ...wanted.options, key: undefined } }
}

function there({ mode, keyId }: Recognition, { facts }: Looked): Standing {
  return { kind: 'there', mode, keyId, etag: facts.etag }
}

/** `perhaps`: only its opened envelope tells. */
function isUnder({ kind, names }: KeyNames, { mode, keyId }: Recognition): 'yes' | 'no' | 'perhaps' {
  if (keyId !== undefined) return isKey(names, keyId) ? 'yes' : 'no'
  return mode === (kind === 'kms' ? 'cse-kms' : 'cse-c') ? 'perhaps' : 'no'
}

/** Null for an object that is asked about only because it may be under a key, and is under one that is not at hand. */
async function openOrPass(
  vault: Vault,
  { under, target }: RekeyItem,
  wanted: Wanted,
  looked: Looked,
  signal: AbortSignal,
): Promise<Reading | null> {
  try {
    return await openLooked(vault, wanted, looked, signal)
  } catch (error) {
    const told = recognise(vault, looked.facts)
    if (isCofferError(error, 'KEY_WRONG') && wanted.options.key !== undefined && told.mode === target.mode) {
      const reading = await openLooked(vault, unnamed(wanted), looked, signal)
      if (isThere(target, reading.plan.recognition, reading.facts)) return reading
      reading.plan.dispose()
    }
    if (under !== undefined && isUnder(under, told) === 'perhaps' && isOtherKey(error)) return null
    throw error
  }
}

function isOtherKey(error: unknown): boolean {
  return isCofferError(error, 'KEY_NOT_FOUND') || isCofferError(error, 'KMS_KEY_NOT_FOUND')
}
