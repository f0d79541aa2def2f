import { isClientSide, type ObservedMode } from '../base/mode-names.ts'
import { CofferError } from '../base/errors.ts'
import type { CatalogEntry } from '../store/catalog.ts'
import type { Wanted } from './look.ts'
import type { Vault } from './vault.ts'

/**
 * Throws SEAL_MISSING if Coffer knows an object as encrypted on a computer and what is there now is not: whoever may write
 * the bucket can take the envelope away, or put a file of their own in its place, and nothing in the object would tell.
 * It does not matter that the ETag is another one, or the same: a copy of an object onto itself changes its metadata alone.
 * Older versions are what they were, and are not asked about.
 */
export function refuseMissingSeal(vault: Vault, wanted: Wanted, mode: ObservedMode): void {
  if (wanted.versionId !== undefined || wanted.options.acceptUnsealed === true || isClientSide(mode)) return
  const known = vault.catalog.recall(vault.place, wanted.bucket, wanted.key)
  if (known === null || !isKnownAsSealed(known, mode)) return
  throw new CofferError(
    'SEAL_MISSING',
    `s3://${wanted.bucket}/${wanted.key} was encrypted before it came to S3 (${known.mode.toUpperCase()}), and what is there now is not.`,
    { facts: { mode: known.mode, ...(known.keyId === undefined ? {} : { keyId: known.keyId }) } },
  )
}

/**
 * True if Coffer knows the object as encrypted on a computer, and not as one that its own re-key to `now` may have replaced
 * before it was cut off: that mode the person has consented to.
 */
export function isKnownAsSealed(known: CatalogEntry | null, now: ObservedMode): boolean {
  if (known === null || !isClientSide(known.mode)) return false
  const { rekeyedTo } = known
  const isDefault = rekeyedTo === 'bucket-default' && (now === 'sse-s3' || now === 'sse-kms')
  return rekeyedTo !== now && !isDefault
}
