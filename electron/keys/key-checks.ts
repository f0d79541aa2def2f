import { CofferError } from '../base/errors.ts'
import type { RecordedPurpose } from '../base/key-purpose.ts'
import type { KeyRow, KeyTable } from '../store/keys.ts'
import type { KeyInfo } from './keyring.ts'
import { otherPurpose } from './purpose.ts'

/* What is checked of a key and its name before anything is stored. */

/** What may be known of a key outside this room. */
export function toInfo({ id, name, kind, createdAt, kitSavedAt, kitDeclinedAt, purpose }: KeyInfo): KeyInfo {
  return { id, name, kind, createdAt, kitSavedAt, kitDeclinedAt, purpose }
}

/** A key that is here already keeps its purpose. */
export function refuseOther(known: KeyRow, purpose: RecordedPurpose): void {
  const isDecided = known.purpose === 'cse' || known.purpose === 'sse-c'
  if (!isDecided || known.purpose === purpose || purpose === 'unused' || purpose === 'unknown') return
  throw otherPurpose(known, purpose)
}

/** SSE-C takes AES keys alone. */
export function refuseSentRsa({ kind }: Pick<KeyRow, 'kind'>, purpose: RecordedPurpose): void {
  if (kind === 'aes-256' || purpose !== 'sse-c') return
  throw new CofferError('INVALID_INPUT', 'SSE-C takes AES-256 keys only, so an RSA key cannot be for it.')
}

export function onlyPublic({ name, publicKey }: KeyRow): { kind: 'rsa-public'; secret: null } {
  if (publicKey !== null) return { kind: 'rsa-public', secret: null }
  throw new CofferError('INVALID_INPUT', `The key ${name} is one for AES and has no public half.`)
}

export function findOne(table: KeyTable, idOrName: string): KeyRow {
  const found = table.match(idOrName)
  const exact = found.find((key) => key.id === idOrName) ?? found[0]
  if (exact === undefined) return missing(idOrName)
  if (found.length > 1 && exact.id !== idOrName) {
    throw new CofferError('INVALID_INPUT', `${idOrName} stands for more than one key.`, {
      hint: 'Give the whole key id.',
    })
  }
  return exact
}

/** Asked before anything is stored; the table itself refuses the name that another process takes in between. */
export function refuseTaken(table: KeyTable, name: string): void {
  if (!table.list().some((key) => key.name.toLowerCase() === name.toLowerCase())) return
  throw new CofferError('ALREADY_EXISTS', `There is a key named ${name} already.`, { hint: 'Choose another name.' })
}

export function validName(name: string): string {
  const trimmed = name.trim()
  // eslint-disable-next-line no-control-regex -- control characters are what is refused
  if (trimmed.length < 1 || trimmed.length > 100 || /[\u0000-\u001f\u007f]/.test(trimmed)) {
    throw new CofferError('INVALID_INPUT', 'A key name has 1 to 100 characters, all on one line.')
  }
  return trimmed
}

export function missing(idOrName: string): never {
  throw new CofferError('KEY_NOT_FOUND', `There is no key ${idOrName} here.`, { facts: { keyId: idOrName } })
}
