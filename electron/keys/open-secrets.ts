import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { CofferError, isCofferError } from '../base/errors.ts'
import { readPassphraseFile } from '../base/passphrase-file.ts'
import { homeId } from '../store/home.ts'
import { withLock } from '../store/lock.ts'
import type { Settings } from '../store/settings.ts'
import { openKeychain, type Keychain } from './keychain.ts'
import type { KeychainWait } from './keytar.ts'
import { checkPassphrase } from './new-passphrase.ts'
import { openSealedFile, type IsRight, type SealedFile } from './sealed-file.ts'
import type { SecretStore } from './secret-store.ts'

/**
 * How a host asks the person for the passphrase of the sealed file. `create`: there is no such file yet, and no usable
 * keychain; answering is the consent to keep keys in a file, so `why` is to be shown. Answers '' for no. `isRight` tells
 * whether a passphrase opens the file, so that the person can correct it before the host answers.
 */
export type AskPassphrase = (why: string, purpose: 'open' | 'create', isRight?: IsRight) => Promise<string>

/** How a person is waited for who has to unlock the keychain is a part of them. */
export interface SecretsOptions extends Partial<KeychainWait> {
  /** Coffer's folder, as a real path. */
  home: string
  settings: Settings
  env: NodeJS.ProcessEnv
  askPassphrase?: AskPassphrase | undefined
}

/** The store that this folder's secrets are in. */
export type OpenSecrets = Keychain | SealedFile

/** Where secrets are kept, for people. */
export interface SecretsHome {
  kind: SecretStore['kind']
  /** The sealed file. */
  path: string | null
}

/** Where this folder's secrets are, written down when the first one was stored. */
type Home = { kind: 'keychain'; folder: string } | { kind: 'sealed-file' }
const SETTING = 'secrets'
const LOCK = 'secrets.lock'

/** A fact of the failures after which a kit may be restored into a new store. */
const LOST = 'lost'
const RESTORE =
  'If it is gone for good, restore your recovery kits into a new one: coffer key restore FILE --new-keychain.'

/**
 * Opens the store that this folder's secrets are in, or chooses one at first use: the sealed file if
 * COFFER_PASSPHRASE_FILE says so, else the system's keychain, else, if the person consents, the sealed file.
 * Once chosen, no other is ever taken in its place: secrets would seem to be gone, or lie in two places.
 */
export async function openSecrets(options: SecretsOptions): Promise<OpenSecrets> {
  const known = recorded(options.settings)
  if (known !== null) return reopen(options, known)
  return withLock(join(options.home, LOCK), async () => {
    const meanwhile = recorded(options.settings)
    if (meanwhile !== null) return reopen(options, meanwhile)
    return chooseAndRecord(options)
  })
}

/**
 * Chooses a store anew where the one that this folder's secrets were in is gone for good: the folder was copied to another
 * computer or moved, or its keychain or sealed file was lost. Does nothing if that one answers; one that is locked is not
 * gone. What was in it stays there. Throws KEYCHAIN_LOCKED, and as `openSecrets`.
 */
export async function replaceLostSecrets(options: SecretsOptions): Promise<void> {
  await withLock(join(options.home, 'secrets.lock'), async () => {
    const known = recorded(options.settings)
    if (known === null || !(await isLost(options, known))) return
    await chooseAndRecord(options)
  })
}

async function isLost(options: SecretsOptions, known: Home): Promise<boolean> {
  try {
    await reopen(options, known)
    return false
  } catch (error) {
    if (isCofferError(error) && error.facts['secrets'] === LOST) return true
    throw error
  }
}

async function chooseAndRecord(options: SecretsOptions): Promise<OpenSecrets> {
  const store = await choose(options)
  const choice: Home = store.kind === 'keychain' ? { kind: 'keychain', folder: options.home } : { kind: store.kind }
  options.settings.set(SETTING, choice)
  return store
}

async function choose(options: SecretsOptions): Promise<OpenSecrets> {
  // A sealed file without a record of it: the database was lost. The keys are in the file.
  if (existsSync(sealedPath(options))) noteSearch(options.settings)
  if (options.env['COFFER_PASSPHRASE_FILE'] || existsSync(sealedPath(options))) return useFile(options)
  try {
    const keychain = await keychainOf(options)
    // The same of a keychain that holds secrets of this folder already.
    if (await keychain.isMarked()) noteSearch(options.settings)
    await keychain.mark()
    return keychain
  } catch (error) {
    if (!isCofferError(error, 'KEYCHAIN_UNAVAILABLE')) throw error
    const { askPassphrase } = options
    if (askPassphrase === undefined) throw error
    const passphrase = await askForNew(askPassphrase, error.message)
    if (passphrase === '') throw error
    return makeFile(options, passphrase)
  }
}

/** Asks until the passphrase keeps the rule, saying each time why it does not. '' is no. */
async function askForNew(askPassphrase: AskPassphrase, why: string): Promise<string> {
  for (let reason = why; ;) {
    const words = `${reason} Keys can be kept in a file instead, sealed by a passphrase. Without it they are lost.`
    const passphrase = await askPassphrase(words, 'create')
    if (passphrase === '') return ''
    try {
      await checkPassphrase(passphrase)
      return passphrase
    } catch (error) {
      if (!isCofferError(error)) throw error
      reason = error.message
    }
  }
}

async function useFile(options: SecretsOptions): Promise<SealedFile> {
  if (!existsSync(sealedPath(options))) return makeFile(options, await passphraseOf(options))
  const file = fileOf(options)
  await file.check()
  return file
}

/** Throws INVALID_INPUT if the passphrase does not keep the rule. */
async function makeFile(options: SecretsOptions, passphrase: string): Promise<SealedFile> {
  await checkPassphrase(passphrase)
  const file = fileOf(options, passphrase)
  await file.create()
  await file.check()
  return file
}

async function reopen(options: SecretsOptions, known: Home): Promise<OpenSecrets> {
  if (known.kind === 'keychain') return reopenKeychain(options, known.folder)
  if (existsSync(sealedPath(options))) return fileOf(options)
  throw new CofferError('KEY_NOT_FOUND', `The file with all keys, ${sealedPath(options)}, is gone.`, {
    hint: `Put it back from a backup. ${RESTORE}`,
    facts: { secrets: LOST },
  })
}

async function reopenKeychain(options: SecretsOptions, folder: string): Promise<Keychain> {
  if (folder !== options.home) {
    throw new CofferError('KEYCHAIN_UNAVAILABLE', `The keys of this folder are in the keychain under ${folder}.`, {
      hint: `Move the folder back to ${folder}. ${RESTORE}`,
      facts: { secrets: LOST },
    })
  }
  try {
    const keychain = await keychainOf(options)
    await keychain.check()
    return keychain
  } catch (error) {
    if (!isCofferError(error, 'KEYCHAIN_UNAVAILABLE')) throw error
    throw new CofferError('KEYCHAIN_UNAVAILABLE', error.message, {
      cause: error,
      hint: `The keys are in this system's keychain: start and unlock the one they were stored in. Nothing else can stand in for it. ${RESTORE}`,
      facts: { secrets: LOST },
    })
  }
}

function keychainOf({ home, patience, signal, onWait }: SecretsOptions): Promise<Keychain> {
  const wait = { signal, onWait, ...(patience === undefined ? {} : { patience }) }
  return openKeychain({ prefix: homeId(home), overflow: join(home, 'secrets'), ...wait })
}

function fileOf(options: SecretsOptions, passphrase?: string): SealedFile {
  return openSealedFile(sealedPath(options), (isRight) =>
    passphrase === undefined ? passphraseOf(options, isRight) : Promise.resolve(passphrase),
  )
}

function sealedPath({ home }: SecretsOptions): string {
  return join(home, 'keys.age')
}

/** The first line of COFFER_PASSPHRASE_FILE, else what the host's person answers. Throws PASSPHRASE_NEEDED. */
async function passphraseOf({ env, askPassphrase, home }: SecretsOptions, isRight?: IsRight): Promise<string> {
  const path = env['COFFER_PASSPHRASE_FILE']
  const passphrase = path
    ? await readPassphraseFile(path)
    : await askPassphrase?.(`The keys are sealed by a passphrase in ${join(home, 'keys.age')}.`, 'open', isRight)
  if (passphrase) return passphrase
  throw new CofferError('PASSPHRASE_NEEDED', 'The keys are sealed by a passphrase, and none was given.')
}

/** Where secrets are kept, without opening it; null before the first one. */
export function secretsHome({ home, settings }: Pick<SecretsOptions, 'home' | 'settings'>): SecretsHome | null {
  const known = recorded(settings)
  if (known === null) return null
  return { kind: known.kind, path: known.kind === 'sealed-file' ? join(home, 'keys.age') : null }
}

/**
 * Seals the key file under another passphrase. Throws UNSUPPORTED if secrets are in the keychain, INVALID_INPUT if the new one
 * does not keep the rule, PASSPHRASE_WRONG if the current one is another.
 */
export async function changePassphrase(store: OpenSecrets, current: string, next: string): Promise<void> {
  if (store.kind !== 'sealed-file') {
    throw new CofferError('UNSUPPORTED', "There is no passphrase to change: the keys are in this system's keychain.", {
      hint: 'A recovery kit gets a new passphrase when you save it anew: coffer key kit.',
    })
  }
  await checkPassphrase(next)
  await store.changePassphrase(current, next)
}

function recorded(settings: Settings): Home | null {
  return settings.get(SETTING, (value) => {
    const { kind, folder } = value as { kind?: unknown; folder?: unknown }
    if (kind === 'sealed-file') return { kind }
    if (kind === 'keychain' && typeof folder === 'string') return { kind, folder }
    throw new CofferError('UNSUPPORTED', 'The keys are stored in a way that this version of Coffer does not know.', {
      hint: 'Update Coffer.',
    })
  })
}

const SEARCH = 'searchKeys'

/** From now on the list of keys is to be compared with the secret store: the database was lost, or put back from a copy. */
function noteSearch(settings: Pick<Settings, 'set'>): void {
  settings.set(SEARCH, true)
}

/** The search for keys that the database does not know of. */
export interface KeySearch {
  /** `isEmpty`: no key is known. */
  isDue(isEmpty: boolean): boolean
  /** The store to search, without making or choosing one; null if there is none. Throws KEYCHAIN_LOCKED, PASSPHRASE_*. */
  store(): Promise<SecretStore | null>
  done(): void
}

/** Milliseconds in which a keychain must say whether it knows this folder; nobody asked for it yet. */
const GLANCE = 5_000

/** `open` opens the store that is recorded, or chooses one. */
export function openKeySearch(options: SecretsOptions, open: () => Promise<SecretStore>): KeySearch {
  const { settings, home } = options
  const isNoted = (): boolean => settings.get(SEARCH, (value) => value === true) === true
  return {
    isDue: (isEmpty) => isNoted() || (isEmpty && recorded(settings) === null),
    async store() {
      if (isNoted() || existsSync(sealedPath(options))) return open()
      const keychain = await keychainOf({ ...options, patience: GLANCE }).catch(() => null)
      if (keychain === null) return null
      if (await keychain.isMarked().catch(() => false)) return open()
      // Secrets were kept here before, and a locked keychain answers as if there were none.
      if (existsSync(join(home, LOCK))) await throwIfLocked(keychain)
      return null
    },
    done: () => settings.clear(SEARCH),
  }
}

async function throwIfLocked(keychain: Keychain): Promise<void> {
  await keychain.check().catch((error: unknown) => {
    if (isCofferError(error, 'KEYCHAIN_LOCKED')) throw error
  })
}
