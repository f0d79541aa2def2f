import { holdsWrappedKey } from '../envelope/instruction.ts'
import { instructionKey, readInstruction } from './instruction-files.ts'
import { instructionNeedOf } from './remove.ts'
import type { Vault } from './vault.ts'
import { undelete, versionsOf } from './versions.ts'

interface Hidden {
  bucket: string
  key: string
  versionId?: string | undefined
}

/** Brings an object back as `undelete` does, and with it the instruction file that was removed with it. Throws as that. */
export async function undeleteObject(vault: Vault, hidden: Hidden, signal: AbortSignal): Promise<boolean> {
  const isThere = await undelete(vault, hidden, signal)
  if (isThere) await bringInstructionBack(vault, hidden, signal)
  return isThere
}

async function bringInstructionBack(vault: Vault, { bucket, key }: Hidden, signal: AbortSignal): Promise<void> {
  const need = await instructionNeedOf(vault, bucket, key, signal)
  if (need === null || need === 'none') return
  const file = { bucket, key: instructionKey(key) }
  const versions = await versionsOf(vault, file, signal)
  const newest = versions.find(({ kind }) => kind === 'version')
  if (versions[0]?.kind !== 'delete-marker' || newest === undefined) return
  const fields = await readInstruction(vault.s3, { ...file, versionId: newest.id }, signal)
  if (fields !== null && holdsWrappedKey(fields)) await undelete(vault, file, signal)
}
