import { DeleteObjectCommand, GetObjectCommand, type S3Client } from '@aws-sdk/client-s3'
import { isCofferError } from '../base/errors.ts'
import { dropBody, readBody } from '../cloud/body.ts'
import type { VersionLine } from '../cloud/list-versions.ts'
import { send } from '../cloud/send.ts'
import { holdsWrappedKey, parseInstruction } from '../envelope/instruction.ts'
import { INSTRUCTION_SUFFIX } from '../envelope/names.ts'
import type { Vault } from './vault.ts'
import { versionsOf } from './versions.ts'

/** Larger than any envelope; what is longer is somebody's file that only happens to be called so. */
export const MAX_INSTRUCTION_BYTES = 64 * 1024

/** The key of the instruction file of an object. Clients of Amazon's let a program choose another suffix than theirs. */
export function instructionKey(key: string, suffix?: string | null): string {
  return key + (suffix ?? INSTRUCTION_SUFFIX)
}

/** The object that a key would be the instruction file of; undefined for a key without the suffix. */
export function instructedKey(key: string, chosen?: string | null): string | undefined {
  const suffix = chosen ?? INSTRUCTION_SUFFIX
  return key.length > suffix.length && key.endsWith(suffix) ? key.slice(0, -suffix.length) : undefined
}

/** What an instruction file says; null if there is none under this key, or it is somebody's file. Throws what `send` throws. */
export async function readInstruction(
  s3: S3Client,
  { bucket, key, versionId }: { bucket: string; key: string; versionId?: string | undefined },
  signal: AbortSignal,
): Promise<Record<string, string> | null> {
  try {
    const command = new GetObjectCommand({ Bucket: bucket, Key: key, VersionId: versionId })
    const { Body, ContentLength = 0 } = await send(s3, command, signal)
    if (Body === undefined) return null
    if (ContentLength > MAX_INSTRUCTION_BYTES) {
      dropBody(Body)
      return null
    }
    return parseInstruction(await readBody(Body, signal))
  } catch (error) {
    if (isCofferError(error, 'OBJECT_NOT_FOUND')) return null
    throw error
  }
}

/**
 * The same for the instruction file of an older version of an object: the one that is there now if there is one, else its
 * version of nearest the same time, for the two are written together.
 */
export async function readInstructionOfVersion(
  vault: Vault,
  { bucket, key, at }: { bucket: string; key: string; at: Date | undefined },
  signal: AbortSignal,
): Promise<Record<string, string> | null> {
  const now = await readInstruction(vault.s3, { bucket, key }, signal)
  if (now !== null || at === undefined) return now
  const distance = ({ lastModified }: VersionLine): number => Math.abs(lastModified.getTime() - at.getTime())
  const [nearest] = (await versionsOf(vault, { bucket, key }, signal))
    .filter(({ kind }) => kind === 'version')
    .sort((one, other) => distance(one) - distance(other))
  if (nearest === undefined) return null
  return readInstruction(vault.s3, { bucket, key, versionId: nearest.id }, signal)
}

/** True if what is stored under a key is an instruction file: one that holds the wrapped key of another object. */
export async function isInstructionFile(
  s3: S3Client,
  object: { bucket: string; key: string },
  signal: AbortSignal,
): Promise<boolean> {
  const fields = await readInstruction(s3, object, signal)
  return fields !== null && holdsWrappedKey(fields)
}

/**
 * Removes the instruction file of an object that was replaced by one without an envelope: what it says would be taken for
 * that of the new content, which nobody could read then. Throws what `send` throws.
 */
export async function removeStaleInstruction(
  vault: Vault,
  { bucket, key }: { bucket: string; key: string },
  signal: AbortSignal,
): Promise<void> {
  const file = instructionKey(key)
  const isOne = await isInstructionFile(vault.s3, { bucket, key: file }, signal).catch((error: unknown) => {
    // Who may not read it did not write through it either.
    if (isCofferError(error, 'ACCESS_DENIED')) return false
    throw error
  })
  if (!isOne) return
  await send(vault.s3, new DeleteObjectCommand({ Bucket: bucket, Key: file }), signal)
  vault.catalog.gone(vault.place, bucket, file)
}

/**
 * Tells, of keys that come in S3's order, which may be instruction files: those whose object has come before. An object's
 * key begins every key between it and its file, so only the keys that begin the present one need be remembered.
 */
export function instructionPairs(suffix: string | undefined): (key: string) => boolean {
  const open: string[] = []
  return (key) => {
    while (open.length > 0 && !key.startsWith(open.at(-1) ?? '')) open.pop()
    const object = instructedKey(key, suffix)
    const isPair = object !== undefined && open.includes(object)
    open.push(key)
    return isPair
  }
}
