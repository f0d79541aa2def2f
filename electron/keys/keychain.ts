import { CofferError } from '../base/errors.ts'
import { fromBase64, toBase64, zero } from '../base/bytes.ts'
import { askKeychain, loadKeytar, locked, unavailable, type KeychainWait, type Keytar } from './keytar.ts'
import type { SecretStore } from './secret-store.ts'
import { openWrapped, removeWrapped, wrap, type WrappedFile } from './wrapped-file.ts'

const SERVICE = 'Coffer'
/** Windows keeps at most 2,560 bytes an entry. */
const MAX_ENTRY = 2_500
/** Milliseconds a person has to unlock the keychain. */
const PATIENCE = 60_000
/** Present in a keychain that this folder's secrets are in. Says nothing in itself. */
const MARK_ACCOUNT = 'mark'
const MARK = toBase64(Buffer.from('Coffer keeps secrets here.'))

export interface Keychain extends SecretStore {
  readonly kind: 'keychain'
  /** Marks the keychain as the one that holds this folder's secrets. Throws KEYCHAIN_*. */
  mark(): Promise<void>
  /** Throws KEYCHAIN_LOCKED or KEYCHAIN_UNAVAILABLE unless this is the unlocked keychain that was marked. */
  check(): Promise<void>
  /** True if this keychain is known to hold this folder's secrets; false also while it is locked. Asks nobody. */
  isMarked(): Promise<boolean>
}

export interface KeychainOptions extends Partial<KeychainWait> {
  prefix: string
  /** Folder for what does not fit. */
  overflow: string
  keytar?: Keytar
}

/**
 * The system's keychain (macOS Keychain, Windows Credential Manager, Secret Service), one entry a secret: a single line of
 * base64, since some services lose text with a line break. What does not fit is a file that is wrapped under a key
 * kept in the entry. `prefix` keeps apart the folders of one person (homeId).
 *
 * keytar's strings cannot be zeroed; they live no longer than the function that decodes them.
 */
export async function openKeychain(options: KeychainOptions): Promise<Keychain> {
  const { prefix, overflow } = options
  const { patience = PATIENCE, signal, onWait } = options
  const wait = { patience, signal, onWait }
  const keytar = options.keytar ?? (await loadKeytar())

  const read = (account: string) => askKeychain(() => keytar.getPassword(SERVICE, `${prefix}/${account}`), wait)
  const write = async (account: string, text: string) => {
    await askKeychain(() => keytar.setPassword(SERVICE, `${prefix}/${account}`, text), wait)
    if ((await read(account)) !== text) throw unavailable('It does not give back what was stored in it.')
  }

  /** A locked Secret Service answers "no such entry"; the mark tells that from an entry that really is not there. */
  const check = async () => {
    if ((await read(MARK_ACCOUNT)) === MARK) return
    // Only a write is told the difference between a locked keychain and another one.
    await write('probe', MARK)
    await askKeychain(() => keytar.deletePassword(SERVICE, `${prefix}/probe`), wait)
    throw unavailable('It is not the one that the secrets of this folder were stored in.')
  }

  const load = async (account: string): Promise<Entry | null> => {
    const text = await read(account)
    if (text !== null) return parseEntry(text)
    await check()
    return null
  }

  const setWrapped = async (account: string, value: Uint8Array) => {
    const file = await wrap(overflow, account, value)
    try {
      await write(account, formatWrapped(file))
    } finally {
      zero(file.key)
    }
  }

  const set = async (account: string, value: Uint8Array): Promise<void> => {
    const old = await load(account)
    try {
      const text = toBase64(value)
      if (text.length <= MAX_ENTRY) await write(account, text)
      else await setWrapped(account, value)
      await remove(old)
    } finally {
      forget(old)
    }
  }

  const remove = async (entry: Entry | null) => {
    if (entry?.kind === 'wrapped') await removeWrapped(overflow, entry.file)
  }

  return {
    kind: 'keychain',
    check,
    mark: () => write(MARK_ACCOUNT, MARK),
    isMarked: async () => (await read(MARK_ACCOUNT)) === MARK,

    async get(account) {
      const entry = await load(account)
      if (entry === null) return null
      if (entry.kind === 'inline') return entry.value
      try {
        return await openWrapped(overflow, account, entry.file)
      } finally {
        zero(entry.file.key)
      }
    },

    set,

    async setAll(entries) {
      for (const [account, value] of entries) await set(account, value)
    },

    async list() {
      await check()
      const own = `${prefix}/`
      const all = await askKeychain(() => keytar.findCredentials(SERVICE), wait)
      return all.flatMap(({ account }) => (account.startsWith(own) ? [account.slice(own.length)] : []))
    },

    async delete(account) {
      const old = await load(account)
      if (old === null) return
      forget(old)
      await askKeychain(() => keytar.deletePassword(SERVICE, `${prefix}/${account}`), wait)
      if ((await read(account)) !== null) throw locked('It does not let go of an entry.')
      await remove(old)
    },
  }
}

type Entry = { kind: 'inline'; value: Buffer } | { kind: 'wrapped'; file: WrappedFile }

function forget(entry: Entry | null): void {
  if (entry !== null) zero(entry.kind === 'wrapped' ? entry.file.key : entry.value)
}

const WRAPPED = 'file:'

function formatWrapped(file: WrappedFile): string {
  return `${WRAPPED}${file.name}:${toBase64(file.key)}`
}

function parseEntry(text: string): Entry {
  if (!text.startsWith(WRAPPED)) {
    const value = fromBase64(text)
    if (value === null) throw damaged()
    return { kind: 'inline', value }
  }
  const [name = '', key64 = ''] = text.slice(WRAPPED.length).split(':')
  const key = fromBase64(key64)
  if (!/^[0-9a-f]{32}$/.test(name) || key?.length !== 32) throw damaged()
  return { kind: 'wrapped', file: { name, key } }
}

function damaged(): CofferError {
  return new CofferError('INTEGRITY', 'An entry of Coffer in the keychain was changed by something else.', {
    hint: 'Import the key again, or restore its recovery kit.',
  })
}
