import { zero } from '../base/bytes.ts'
import type { ComputerKit } from '../base/computer-kit.ts'
import { CofferError, isCofferError } from '../base/errors.ts'
import { looksLikeAge, openAge, sealAge } from './age.ts'
import { looksLikePlainKit, parseKit, serialiseKit, type KeyForKit, type KitContent } from './kit-content.ts'
import { formsOf, type PassphraseForm } from '../base/passphrase-forms.ts'

export { forgetKit } from './kit-content.ts'
export type { KeyForKit, KeyFromKit, KitContent } from './kit-content.ts'

/** What goes into a kit. The caller zeroes the keys' bytes and the root key. */
export interface KitParts {
  keys: KeyForKit[]
  thisComputer: ComputerKit | null
}

/** What a kit held, and how it was opened. */
export interface OpenedKit extends KitContent {
  /** In which form the passphrase opened it; null for a kit that was not sealed. */
  form: PassphraseForm | null
}

/** True for a recovery kit: a sealed age file of any tool, or the JSON that was in one. */
export function looksLikeKit(bytes: Uint8Array): boolean {
  return looksLikeAge(bytes) || looksLikePlainKit(bytes)
}

/**
 * Makes a recovery kit: readable JSON in an age file that the passphrase opens, with Coffer or with the standard `age` tool.
 * A lower work factor than the default is for tests.
 */
export async function sealKit(
  { keys, thisComputer }: KitParts,
  passphrase: string,
  options: { madeAt?: Date; workFactor?: number } = {},
): Promise<Buffer> {
  const plaintext = serialiseKit(keys, thisComputer, options.madeAt ?? new Date())
  try {
    return await sealAge(passphrase, plaintext, options.workFactor)
  } finally {
    zero(plaintext)
  }
}

/**
 * Opens a recovery kit: all its keys, or none. The caller zeroes their secrets. A kit that age has decrypted is taken only
 * with `acceptPlain`. Throws PASSPHRASE_NEEDED if it is sealed and none is given, PASSPHRASE_WRONG; INVALID_INPUT with the
 * fact `plainKit` for one that is not sealed; INTEGRITY if any byte of it was changed or it is no kit; UNSUPPORTED if a newer
 * Coffer made it, or as `openAge` says.
 */
export async function openKit(
  file: Uint8Array,
  { passphrase, acceptPlain = false }: { passphrase?: string | undefined; acceptPlain?: boolean },
): Promise<OpenedKit> {
  if (looksLikePlainKit(file)) {
    if (!acceptPlain) throw notSealed()
    return { ...parseKit(file), form: null }
  }
  if (!looksLikeAge(file)) throw noKit()
  if (passphrase === undefined) throw passphraseNeeded()
  const { plaintext, form } = await openInAnyForm(file, passphrase)
  try {
    return { ...parseKit(plaintext), form }
  } finally {
    zero(plaintext)
  }
}

/** Throws what the passphrase as it was given comes to, if no form of it opens the file. */
async function openInAnyForm(
  file: Uint8Array,
  passphrase: string,
): Promise<{ plaintext: Uint8Array; form: PassphraseForm }> {
  let first: CofferError | undefined
  for (const { form, text } of formsOf(passphrase)) {
    try {
      return { plaintext: await openAge(text, file), form }
    } catch (error) {
      if (!isCofferError(error, 'PASSPHRASE_WRONG')) throw error
      first ??= error
    }
  }
  throw first ?? new CofferError('PASSPHRASE_WRONG', 'The passphrase is not the one of this file.')
}

export function passphraseNeeded(): CofferError {
  return new CofferError('PASSPHRASE_NEEDED', 'This is a recovery kit, which its passphrase opens.', {
    hint: 'Restore it: coffer key restore FILE.',
    facts: { kit: 'yes' },
  })
}

function notSealed(): CofferError {
  return new CofferError('INVALID_INPUT', 'This recovery kit is not sealed: whoever has read this file has its keys.', {
    hint: 'If nobody else has, take it in with --plain, and delete the file.',
    facts: { plainKit: 'yes' },
  })
}

function noKit(): CofferError {
  return new CofferError('INTEGRITY', 'This is no recovery kit of Coffer, or it is damaged or was changed.', {
    hint: 'Take another copy of the kit. Nothing was taken from this one.',
  })
}
