import { CofferError } from '../base/errors.ts'
import type { UnfinishedUse } from '../store/key-uses.ts'

/** Throws KEY_IN_USE if a process works on something that needs the key: what it puts from now on, nothing could open. */
export function requireUnused({ id, name }: { id: string; name: string }, uses: UnfinishedUse[]): void {
  const running = uses.filter((use) => use.running)
  if (running.length === 0) return
  throw new CofferError('KEY_IN_USE', `The key ${name} is in use: ${running.map(inWords).join(', ')}.`, {
    facts: { keyId: id, keyName: name },
  })
}

const KINDS: Record<UnfinishedUse['kind'], string> = {
  put: 'a put',
  get: 'a get',
  rekey: 'a re-key',
  upload: 'an upload',
}

function inWords({ kind, bucket }: UnfinishedUse): string {
  return bucket === undefined ? KINDS[kind] : `${KINDS[kind]} of s3://${bucket}`
}

/** Why nothing is written under a key any more. */
export function beingDeleted(id: string, name: string): CofferError {
  return new CofferError('KEY_NOT_FOUND', `The key ${name} is being deleted.`, {
    hint: 'Choose another key. If it is to be kept, restore its recovery kit.',
    facts: { keyId: id },
  })
}

/** What a write ends with if its key was deleted meanwhile. */
export function deletedMeanwhile(id: string, where: { bucket: string; key: string }): CofferError {
  const object = `s3://${where.bucket}/${where.key}`
  return new CofferError('KEY_NOT_FOUND', `The key ${id} was deleted while ${object} was written under it.`, {
    hint: 'Nothing on this computer opens the object. Restore the recovery kit of the key, or write it again under another one.',
    facts: { keyId: id },
  })
}
