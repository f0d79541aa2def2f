import { isCofferError } from '../base/errors.ts'
import type { KeyRow, KeyTable } from '../store/keys.ts'
import { finishWrites } from '../store/secret-writes.ts'
import { refuseTaken } from './key-checks.ts'
import { digestOf, noteAccount, noteOf } from './key-notes.ts'
import { forget } from './restore.ts'
import type { SecretReader, SecretStore } from './secret-store.ts'

/**
 * Stores the material of a key, then its row, so that no key is listed whose material is not there. If either fails, or the
 * process dies, nothing is left of it, or all. Throws ALREADY_EXISTS if the name is taken, and what the keychain throws.
 */
export async function storeKey(
  table: KeyTable,
  secrets: SecretStore,
  account: string,
  { row, secret }: { row: KeyRow; secret: Uint8Array },
): Promise<KeyRow> {
  // A key of this name may just have come to light.
  if (table.get(row.id) === null) refuseTaken(table, row.name)
  table.writes.begin(account, row)
  try {
    // Together: the sealed file opens and closes slowly, by design.
    const note = noteOf(table.get(row.id) ?? row)
    await secrets.setAll([
      [account, secret],
      [noteAccount(row.id), note],
    ])
    const added = table.add(row)
    table.markNoted(row.id, digestOf(note))
    return added
  } catch (error) {
    await forget(table, secrets, account, row.id)
    throw error
  } finally {
    table.writes.end(account)
  }
}

/** Finishes what processes that died were storing. Throws what the keychain throws. */
export function finishKeys(table: KeyTable, secrets: SecretReader): Promise<void> {
  return finishWrites(table.writes, secrets, (row) => void addApart(table, row))
}

/** Adds a key; if another one has taken its name meanwhile, under one made of its id. */
function addApart(table: KeyTable, row: KeyRow): KeyRow {
  try {
    return table.add(row)
  } catch (error) {
    if (!isCofferError(error, 'ALREADY_EXISTS')) throw error
    return table.add({ ...row, name: `key-${row.id}` })
  }
}
