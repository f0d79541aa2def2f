import { isCofferError } from '../base/errors.ts'
import type { VersionLine } from '../cloud/list-versions.ts'
import { holdsWrappedKey } from '../envelope/instruction.ts'
import type { ModeOptions } from '../modes/mode.ts'
import { instructionKey, readInstruction } from './instruction-files.ts'
import { look } from './look.ts'
import { openLooked } from './reading.ts'
import { recognise } from './recognise.ts'
import { isThere, type Target } from './rekey-target.ts'
import type { Vault } from './vault.ts'
import { deleteVersion, versionsOf } from './versions.ts'

/** An object whose older versions may go. */
export interface Purged {
  bucket: string
  key: string
  target: Target
  from: Pick<ModeOptions, 'instructionSuffix'>
}

/** All that a bucket keeps of an object but its delete markers, which hold no content. Throws what `send` throws. */
export async function contentVersions(
  vault: Vault,
  object: { bucket: string; key: string },
  signal: AbortSignal,
): Promise<VersionLine[]> {
  return (await versionsOf(vault, object, signal)).filter(isContent)
}

const isContent = ({ kind }: VersionLine): boolean => kind === 'version'

/**
 * Deletes for good, of the versions that were there `before`, those that are neither the current one nor where the object is
 * to get to. Where none of them stays, the versions of an instruction file that was deleted go, too: they hold data keys
 * that are wrapped under the old key. Returns how many versions were deleted. Throws what `send` throws.
 */
export async function purge(
  vault: Vault,
  item: Purged,
  before: { id: string }[],
  signal: AbortSignal,
): Promise<number> {
  if (before.length === 0) return 0
  const now = await contentVersions(vault, item, signal)
  const older = new Set(now.filter(({ isLatest }) => !isLatest).map(({ id }) => id))
  let purged = 0
  for (const { id } of before) {
    if (!older.has(id) || (await versionIsThere(vault, item, id, signal))) continue
    await deleteVersion(vault, item, id, signal)
    older.delete(id)
    purged += 1
  }
  return older.size > 0 ? purged : purged + (await purgeInstruction(vault, item, signal))
}

/** Its delete markers go last, so that the file is never there again. One that is in use has none on top. */
async function purgeInstruction(vault: Vault, { bucket, key, from }: Purged, signal: AbortSignal): Promise<number> {
  if (from.instructionSuffix === null) return 0
  const file = { bucket, key: instructionKey(key, from.instructionSuffix) }
  const lines = await versionsOf(vault, file, signal)
  if (lines.length === 0 || lines.some(({ kind, isLatest }) => kind === 'version' && isLatest)) return 0
  const versions = lines.filter(isContent)
  for (const { id } of versions) {
    const fields = await readInstruction(vault.s3, { ...file, versionId: id }, signal)
    if (fields === null || !holdsWrappedKey(fields)) return 0
  }
  for (const { id } of versions) await deleteVersion(vault, file, id, signal)
  for (const { id } of lines.filter((line) => !isContent(line))) await deleteVersion(vault, file, id, signal)
  return versions.length
}

/** A version whose key cannot be reached here is not under the new one, which can. */
async function versionIsThere(vault: Vault, item: Purged, id: string, signal: AbortSignal): Promise<boolean> {
  const wanted = { bucket: item.bucket, key: item.key, versionId: id, options: {} }
  const looked = await look(vault, wanted, signal)
  const told = recognise(vault, looked.facts)
  if (told.mode !== item.target.mode) return false
  if (told.keyId !== undefined) return isThere(item.target, told, looked.facts)
  const reading = await openLooked(vault, wanted, looked, signal).catch((error: unknown) => {
    if (isCofferError(error) && /^(?:KEY|KMS)_|^ENVELOPE|^LEGACY/.test(error.code)) return null
    throw error
  })
  if (reading === null) return false
  reading.plan.dispose()
  return isThere(item.target, reading.plan.recognition, reading.facts)
}
