import { readFile, stat } from 'node:fs/promises'
import { fromBase64, toBase64, zero } from '../base/bytes.ts'
import { CofferError, isCofferError } from '../base/errors.ts'
import { withLock } from '../store/lock.ts'
import { writePrivate } from '../store/private-file.ts'
import { openAge, sealAge } from './age.ts'
import { sealInMemory, unsealFromMemory, type MemorySealed } from './memory-seal.ts'
import type { SecretStore } from './secret-store.ts'

type Secrets = Map<string, MemorySealed>

/** Tells whether a passphrase opens the file; also true where the file does not open for another reason. */
export type IsRight = (passphrase: string) => Promise<boolean>

/** log2 of scrypt's N. About 0.7 s and 128 MiB to open, and as much for each guess of a thief. */
const WORK_FACTOR = 17

export interface SealedFile extends SecretStore {
  readonly kind: 'sealed-file'
  /** Makes the file, empty, unless it exists. */
  create(): Promise<void>
  /** Throws PASSPHRASE_WRONG, PASSPHRASE_NEEDED, INTEGRITY or FILE_NOT_FOUND unless the file opens. */
  check(): Promise<void>
  /** Seals the file under another passphrase, from then on its only one. Throws as `check`. */
  changePassphrase(current: string, next: string): Promise<void>
}

/**
 * All secrets in one file sealed by a passphrase, for systems without a keychain. scrypt is slow by design, so the opened
 * content is kept, sealed in memory, for as long as the file on disk stays the same.
 *
 * The passphrase and the base64 inside the JSON are JavaScript strings, which cannot be zeroed; they are made when the
 * file is read or written and not kept. `workFactor` is log2 of scrypt's N.
 */
export function openSealedFile(
  path: string,
  askPassphrase: (isRight?: IsRight) => Promise<string>,
  { workFactor = WORK_FACTOR }: { workFactor?: number } = {},
): SealedFile {
  let kept: MemorySealed | undefined
  let loaded: { stamp: string; secrets: Promise<Secrets> } | undefined

  const passphrase = async (): Promise<string> => {
    kept ??= sealText(await askPassphrase())
    const opened = unsealFromMemory(kept)
    const text = opened.toString()
    zero(opened)
    return text
  }

  const load = async (): Promise<Secrets> => {
    try {
      if (kept !== undefined) return parse(await openFile(path, await passphrase()))
    } catch (error) {
      // Another process has changed the passphrase.
      if (!isCofferError(error, 'PASSPHRASE_WRONG')) throw error
      kept = undefined
    }
    const attempts = attemptsAt(path)
    const given = await askPassphrase(attempts.isRight)
    const secrets = await attempts.open(given)
    kept = sealText(given)
    return secrets
  }

  /** The stamp is taken before the content is read: if the file is replaced in between, it is merely read once more. */
  const current = async (): Promise<Secrets> => {
    const stamp = await stampOf(path)
    if (loaded?.stamp === stamp) return loaded.secrets
    const reading = { stamp, secrets: load() }
    loaded = reading
    try {
      return await reading.secrets
    } catch (error) {
      if (loaded === reading) loaded = undefined
      throw error
    }
  }

  const write = async (secrets: Secrets) => {
    const text = await passphrase()
    const plaintext = serialise(secrets)
    try {
      await writePrivate(path, await sealAge(text, plaintext, workFactor))
    } finally {
      zero(plaintext)
    }
    loaded = { stamp: await stampOf(path), secrets: Promise.resolve(secrets) }
  }

  const change = (edit: (secrets: Secrets) => void) =>
    withLock(`${path}.lock`, async () => {
      const secrets = new Map(await current())
      edit(secrets)
      await write(secrets)
    })

  return {
    kind: 'sealed-file',
    async check() {
      await current()
    },
    create: () =>
      withLock(`${path}.lock`, async () => {
        if ((await stampOf(path)) === MISSING) await write(new Map())
      }),
    changePassphrase: (present, next) =>
      withLock(`${path}.lock`, async () => {
        const before = kept
        try {
          const secrets = parse(await openFile(path, present))
          kept = sealText(next)
          await write(secrets)
        } catch (error) {
          kept = before
          throw error
        }
      }),
    async get(account) {
      const secret = (await current()).get(account)
      return secret === undefined ? null : unsealFromMemory(secret)
    },
    set: (account, value) => change((secrets) => secrets.set(account, sealInMemory(value))),
    setAll: (entries) =>
      change((secrets) => entries.forEach(([account, value]) => secrets.set(account, sealInMemory(value)))),
    list: async () => [...(await current()).keys()],
    delete: (account) => change((secrets) => secrets.delete(account)),
  }
}

/** Tries passphrases, and opens the file with the one that was right without doing scrypt's work again. */
function attemptsAt(path: string): { isRight: IsRight; open(passphrase: string): Promise<Secrets> } {
  let opened: Promise<Secrets> | undefined
  const open = async (passphrase: string): Promise<Secrets> => parse(await openFile(path, passphrase))
  return {
    async isRight(passphrase) {
      opened = open(passphrase)
      try {
        await opened
      } catch (error) {
        if (!isCofferError(error, 'PASSPHRASE_WRONG')) return true
        opened = undefined
        return false
      }
      return true
    },
    open: (passphrase) => opened ?? open(passphrase),
  }
}

/** Throws PASSPHRASE_WRONG, INTEGRITY, UNSUPPORTED, FILE_NOT_FOUND, LOCAL_IO, each with the file's name. */
async function openFile(path: string, passphrase: string): Promise<Uint8Array> {
  const sealed = await readFile(path).catch((cause: unknown) => {
    const missing = (cause as NodeJS.ErrnoException).code === 'ENOENT'
    throw new CofferError(missing ? 'FILE_NOT_FOUND' : 'LOCAL_IO', `${path} cannot be read.`, { cause })
  })
  try {
    return await openAge(passphrase, sealed)
  } catch (cause) {
    if (isCofferError(cause, 'PASSPHRASE_WRONG')) {
      throw new CofferError('PASSPHRASE_WRONG', `The passphrase does not open ${path}.`, { cause, hint: cause.hint })
    }
    if (!isCofferError(cause, 'INTEGRITY')) throw cause
    throw new CofferError('INTEGRITY', `${path} is damaged or was changed.`, {
      cause,
      hint: 'Put the file back from a backup.',
    })
  }
}

function sealText(text: string): MemorySealed {
  const bytes = Buffer.from(text)
  try {
    return sealInMemory(bytes)
  } finally {
    zero(bytes)
  }
}

const MISSING = 'missing'

async function stampOf(path: string): Promise<string> {
  try {
    const { ino, size, mtimeNs } = await stat(path, { bigint: true })
    return [ino, size, mtimeNs].join(':')
  } catch {
    return MISSING
  }
}

const VERSION = 1

function serialise(secrets: Secrets): Buffer {
  const entries = [...secrets].map(([account, sealed]): [string, string] => {
    const secret = unsealFromMemory(sealed)
    const text = toBase64(secret)
    zero(secret)
    return [account, text]
  })
  return Buffer.from(JSON.stringify({ coffer: 'secrets', version: VERSION, secrets: Object.fromEntries(entries) }))
}

/** Zeroes `plaintext`. */
function parse(plaintext: Uint8Array): Secrets {
  try {
    const content = JSON.parse(Buffer.from(plaintext.buffer, plaintext.byteOffset, plaintext.length).toString()) as {
      version?: unknown
      secrets?: Record<string, unknown>
    }
    if (content.version !== VERSION) throw newer()
    return new Map(Object.entries(content.secrets ?? {}).map(([account, text]) => [account, parseSecret(text)]))
  } finally {
    zero(plaintext)
  }
}

function parseSecret(text: unknown): MemorySealed {
  const secret = typeof text === 'string' ? fromBase64(text) : null
  if (secret === null) throw new CofferError('INTEGRITY', 'The sealed key file holds something that is not a key.')
  const sealed = sealInMemory(secret)
  zero(secret)
  return sealed
}

function newer(): CofferError {
  return new CofferError('UNSUPPORTED', 'The sealed key file was made by a newer version of Coffer.', {
    hint: 'Update Coffer.',
  })
}
