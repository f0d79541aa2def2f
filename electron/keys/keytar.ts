import { CofferError } from '../base/errors.ts'

/** The part of keytar that Coffer uses: the system's keychain, by service and account. */
export interface Keytar {
  getPassword(service: string, account: string): Promise<string | null>
  setPassword(service: string, account: string, password: string): Promise<void>
  deletePassword(service: string, account: string): Promise<boolean>
  findCredentials(service: string): Promise<{ account: string; password: string }[]>
}

/** How to get a keychain, in the words of the system at hand. */
const HOW_TO: Partial<Record<NodeJS.Platform, string>> = {
  linux:
    'Install libsecret and start GNOME Keyring or KWallet, or keep keys in a passphrase-sealed file: set COFFER_PASSPHRASE_FILE.',
}
const HOW_TO_ELSEWHERE = 'Sign in to the desktop, or keep keys in a passphrase-sealed file: set COFFER_PASSPHRASE_FILE.'

/**
 * Loads keytar when a secret is first needed and not before, so that Coffer starts where its native part cannot be loaded
 * (no libsecret). Throws KEYCHAIN_UNAVAILABLE then.
 */
export async function loadKeytar(): Promise<Keytar> {
  try {
    const { default: keytar } = await import('keytar')
    return keytar
  } catch (cause) {
    throw unavailable('Its library cannot be loaded here.', cause)
  }
}

/**
 * Runs one keychain call. The system may be asking the person to unlock meanwhile, so it is given `patience` milliseconds
 * and not for ever. Failures become KEYCHAIN_LOCKED or KEYCHAIN_UNAVAILABLE.
 */
export async function askKeychain<T>(call: () => Promise<T>, patience: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const tooLong = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      leaveStuckThreadBehind()
      reject(locked('It has not been unlocked in time.'))
    }, patience)
  })
  try {
    return await Promise.race([call(), tooLong])
  } catch (error) {
    throw error instanceof CofferError ? error : inWords(error)
  } finally {
    clearTimeout(timer)
  }
}

let leaving = false

/**
 * A call that hangs in libsecret holds a thread for good, and Node waits for its threads when it exits. On Linux, a
 * process that is about to exit is therefore replaced by one that only ends with the same code.
 */
function leaveStuckThreadBehind(): void {
  if (leaving || process.platform !== 'linux' || 'electron' in process.versions) return
  leaving = true
  process.on('exit', (code) => process.execve?.('/bin/sh', ['sh', '-c', `exit ${code}`], {}))
}

/**
 * keytar hands on the system's own sentence and no code: GNOME Keyring's "Cannot create an item in a locked collection",
 * a dismissed prompt, or macOS's errSecInteractionNotAllowed and errSecAuthFailed.
 */
function inWords(error: unknown): CofferError {
  const text = error instanceof Error ? error.message : String(error)
  return /locked|dismissed|user interaction is not allowed|user name or passphrase/i.test(text)
    ? locked('It is locked.', error)
    : unavailable('No keychain service answers.', error)
}

export function locked(why: string, cause?: unknown): CofferError {
  return new CofferError('KEYCHAIN_LOCKED', `This system's keychain cannot be used: ${lowerFirst(why)}`, { cause })
}

export function unavailable(why: string, cause?: unknown): CofferError {
  return new CofferError('KEYCHAIN_UNAVAILABLE', `This system's keychain cannot be used: ${lowerFirst(why)}`, {
    cause,
    hint: HOW_TO[process.platform] ?? HOW_TO_ELSEWHERE,
  })
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1)
}
