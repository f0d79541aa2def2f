import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import { zero } from '../base/bytes.ts'
import { isCofferError } from '../base/errors.ts'
import type { KeyRow, KeyTable } from '../store/keys.ts'
import { toInfo } from './key-checks.ts'
import { keyId } from './key-id.ts'
import { digestOf, noteAccount, noteOf, parseNote, type KeyNote } from './key-notes.ts'
import type { KeyInfo } from './keyring.ts'
import { rsaMaterial, type Material } from './material.ts'
import type { KeySearch } from './open-secrets.ts'
import { namedApart } from './restore.ts'
import type { SecretStore } from './secret-store.ts'

/**
 * Lists again the keys whose material, or public half, is in the secret store and not in the database: it was lost, or put
 * back from a copy. Each key is what its material proves; what only its note tells (name, purpose, dates) is taken over, but
 * a key that was not used when its note was written may have been used since. Answers the keys that were found.
 */
async function rebuildKeys(table: KeyTable, secrets: SecretStore): Promise<KeyRow[]> {
  const accounts = await secrets.list()
  const ids = new Set(accounts.flatMap((account) => /^(?:key|about)\/([0-9a-f]{32})$/.exec(account)?.[1] ?? []))
  const found: KeyRow[] = []
  for (const id of ids) {
    if (table.get(id) !== null) continue
    const row = await rowOf(id, secrets)
    if (row !== null) found.push(row)
  }
  const rows = table.addAll(namedApart(table, found))
  for (const row of rows) table.markNoted(row.id, digestOf(noteOf(row)))
  return rows
}

/** Looks for lost keys where that is due, once at a time. */
export function findLost(
  table: KeyTable,
  search: KeySearch | undefined,
  onFound: ((keys: KeyInfo[], where: SecretStore['kind']) => void) | undefined,
): { find(): Promise<void> } {
  let finding: Promise<void> | null = null
  const find = async (): Promise<void> => {
    const store = await search?.store()
    if (store === null || store === undefined) return
    const found = await rebuildKeys(table, store)
    search?.done()
    if (found.length > 0) onFound?.(found.map(toInfo), store.kind)
  }
  return {
    find() {
      if (search?.isDue(table.list().length === 0) !== true) return Promise.resolve()
      return (finding ??= find().finally(() => (finding = null)))
    },
  }
}

async function rowOf(id: string, secrets: SecretStore): Promise<KeyRow | null> {
  const note = await readNote(id, secrets)
  const secret = await secrets.get(`key/${id}`).catch((error: unknown) => {
    // One damaged entry does not hide the other keys.
    if (isCofferError(error, 'INTEGRITY')) return null
    throw error
  })
  try {
    const proven = secret === null ? publicHalfIn(id, note) : materialIn(id, secret)
    return proven === null ? null : { ...described(id, note), ...proven }
  } finally {
    zero(secret)
  }
}

async function readNote(id: string, secrets: SecretStore): Promise<KeyNote | null> {
  const bytes = await secrets.get(noteAccount(id)).catch((error: unknown) => {
    if (isCofferError(error, 'INTEGRITY')) return null
    throw error
  })
  return bytes === null ? null : parseNote(bytes)
}

type Proven = Pick<KeyRow, 'kind' | 'publicKey'> & Partial<Pick<KeyRow, 'purpose'>>

/** What the material is; null if it is not the key of this id. */
function materialIn(id: string, secret: Buffer): Proven | null {
  if (secret.length === 32) return keyId(secret) === id ? { kind: 'aes-256', publicKey: null } : null
  const pair = rsaIn(() => createPrivateKey({ key: secret, format: 'der', type: 'pkcs8' }))
  zero(pair?.secret ?? null)
  return pair?.id === id ? { kind: 'rsa-pair', publicKey: pair.publicKey, purpose: 'cse' } : null
}

function publicHalfIn(id: string, note: KeyNote | null): Proven | null {
  if (note?.kind !== 'rsa-public' || note.publicKey === null) return null
  const pem = note.publicKey
  const half = rsaIn(() => createPublicKey(pem))
  return half?.id === id ? { kind: 'rsa-public', publicKey: half.publicKey, purpose: 'cse' } : null
}

/** Null for what is no RSA key that Coffer takes. */
function rsaIn(read: () => KeyObject): Material | null {
  try {
    return rsaMaterial(read())
  } catch {
    return null
  }
}

function described(id: string, note: KeyNote | null): Omit<KeyRow, 'kind' | 'publicKey'> {
  if (note === null) {
    const dates = { createdAt: new Date(), kitSavedAt: null, kitDeclinedAt: null }
    return { id, name: `key-${id.slice(0, 8)}`, ...dates, purpose: 'unknown' }
  }
  const { name, createdAt, kitSavedAt, kitDeclinedAt } = note
  const purpose = note.purpose === 'unused' ? 'unknown' : note.purpose
  return { id, name, createdAt, kitSavedAt, kitDeclinedAt, purpose }
}

/** What is said once about keys that were listed again. */
export function foundInWords(found: { name: string }[], kind: SecretStore['kind']): string {
  const where = kind === 'keychain' ? "this system's keychain" : 'the sealed key file'
  const names = found.map(({ name }) => name).join(', ')
  return `Coffer's list of keys was lost. Found again in ${where}: ${names}.`
}
