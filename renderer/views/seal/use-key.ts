import type { ModeId } from '../../../electron/api/contract.ts'
import { coffer } from '../../state/coffer.ts'
import { dialogs, type DialogProps } from '../../state/dialogs.svelte.ts'
import { keyring } from '../../state/keyring.svelte.ts'
import KitDialog from '../keys/KitDialog.svelte'
import { needsCustomerKey, needsKmsKey, purposeFor, type KeyChoice } from './key-choices.ts'

interface Wish {
  mode: ModeId
  /** Undefined or '': make one. */
  key: string | undefined
  newName: string
  place: string
  choices: readonly KeyChoice[]
}

/**
 * The key that a mode shall write with, made if there is none yet; before the first use of a key of one's own its recovery
 * kit is asked for. Null if the person turned back. Throws what the contract throws.
 */
export async function useKey(wish: Wish): Promise<{ key?: string; acceptNoKit: boolean } | null> {
  if (needsKmsKey(wish.mode)) return { key: wish.key || (await makeKmsKey(wish)), acceptNoKit: false }
  if (!needsCustomerKey(wish.mode)) return { acceptNoKit: false }
  const known = wish.choices.find(({ id }) => id === wish.key)
  const key = known ?? (await makeOwnKey(wish))
  // Decided before its kit is saved, so that the kit says it.
  if (key.purpose === 'unused' || key.purpose === 'unknown') {
    await coffer.client.keys.setPurpose({ key: key.id, purpose: purposeFor(wish.mode) })
  }
  if (key.kit === 'saved' || key.kit === 'declined') return { key: key.id, acceptNoKit: key.kit === 'declined' }
  const decided = await askForKit(key)
  await keyring.load()
  if (decided === undefined) return null
  return { key: key.id, acceptNoKit: decided === 'declined' }
}

async function makeOwnKey({ mode, newName }: Wish): Promise<KeyChoice> {
  const named = newName === '' ? {} : { name: newName }
  const { id, name, purpose } = await coffer.client.keys.create({ ...named, purpose: purposeFor(mode) })
  await keyring.load()
  return { id, name, mark: '', kit: 'none', purpose }
}

async function makeKmsKey({ place, newName }: Wish): Promise<string> {
  const { keyId } = await coffer.client.kms.create({ place, ...(newName === '' ? {} : { alias: aliasOf(newName) }) })
  return keyId
}

/** Aliases take letters, digits, `/`, `_` and `-` (AWS KMS API, CreateAlias). */
function aliasOf(name: string): string {
  return name.replace(/[^a-zA-Z0-9/_-]+/g, '-')
}

function askForKit({ id, name }: KeyChoice): Promise<'saved' | 'declined' | undefined> {
  return dialogs.show<DialogProps<'saved' | 'declined'> & { keyId: string; name: string; mayDecline: boolean }>(
    KitDialog,
    {
      keyId: id,
      name,
      mayDecline: true,
    },
  )
}
