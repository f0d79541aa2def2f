import { CofferError } from '../base/errors.ts'
import type { KeyPurpose, RecordedPurpose } from '../base/key-purpose.ts'
import type { KeyTable } from '../store/keys.ts'

/** What is said about a key in a message. */
interface Named {
  id: string
  name: string
  purpose: RecordedPurpose
}

/** True if a key may be used for a purpose: it has it, or its first use may decide. */
export function mayUse({ purpose }: Pick<Named, 'purpose'>, wanted: KeyPurpose): boolean {
  if (purpose === wanted || purpose === 'unused') return true
  // Encrypting here sends nothing; sending a key that may have encrypted files cannot be undone.
  return purpose === 'unknown' && wanted === 'cse'
}

/** Throws KEY_PURPOSE unless a key may be used for a purpose. */
export function requirePurpose(key: Named, wanted: KeyPurpose): void {
  if (!mayUse(key, wanted)) throw otherPurpose(key, wanted)
}

/**
 * Records the purpose of a key at its first use for it; see `KeyRing.claim`. `said`: the person named this purpose for this
 * key, so one that came from elsewhere may be sent from now on.
 */
export function claimPurpose(table: KeyTable, key: Named, wanted: KeyPurpose, said = false): void {
  if (key.purpose === wanted) return
  const from: RecordedPurpose[] = said || wanted === 'cse' ? ['unused', 'unknown'] : ['unused']
  if (table.setPurpose(key.id, wanted, from)) return
  throw otherPurpose(table.get(key.id) ?? key, wanted)
}

/** Why a key is not used for a purpose, and what to do instead. `use`: what it would be used for, in words. */
export function otherPurpose({ id, name, purpose }: Named, wanted: KeyPurpose): CofferError {
  const facts = { keyId: id, keyName: name, purpose, wanted }
  const another = `Make another key for this: coffer key new NAME --purpose ${wanted}, then name it with --key.`
  if (wanted === 'cse') {
    const message = `The key ${name} is for SSE-C: servers get to know it, so it encrypts nothing on this computer.`
    return new CofferError('KEY_PURPOSE', message, { hint: another, facts })
  }
  if (purpose === 'cse') {
    const message = `The key ${name} encrypts files on this computer (CSE-C). It is never sent to a server, which SSE-C would do.`
    return new CofferError('KEY_PURPOSE', message, { hint: another, facts })
  }
  const origin =
    purpose === 'unused'
      ? 'has not been used yet, so it opens nothing'
      : 'came from elsewhere, and nothing says what it is for'
  return new CofferError('KEY_PURPOSE', `The key ${name} ${origin}. SSE-C would send it to the server.`, {
    hint: `If it is a key for SSE-C, say so: coffer key purpose ${shellName(name, id)} sse-c. Else name another one with --key.`,
    facts,
  })
}

function shellName(name: string, id: string): string {
  return /^[\w.-]+$/.test(name) ? name : id
}
