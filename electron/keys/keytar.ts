import { throwIfAborted } from '../base/abort.ts'
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

/** How a keychain call is waited for. */
export interface KeychainWait {
  /** Milliseconds until it is given up. */
  patience: number
  /** Ends the wait, as a Ctrl-C does. */
  signal?: AbortSignal | undefined
  /** Called with true when the system seems to ask the person to unlock the keychain, and with false when that is over. */
  onWait?: ((isWaiting: boolean) => void) | undefined
}

/** Milliseconds that a call takes only if somebody is asked something. */
const NOTICED = 1_000

/**
 * Runs one keychain call. The system may be asking the person to unlock meanwhile, so it is given `patience` milliseconds
 * and not for ever. Failures become KEYCHAIN_LOCKED or KEYCHAIN_UNAVAILABLE; an abort, what the signal says.
 */
export async function askKeychain<T>(call: () => Promise<T>, { patience, signal, onWait }: KeychainWait): Promise<T> {
  if (signal !== undefined) throwIfAborted(signal)
  const ended = Promise.withResolvers<never>()
  const abort = (): void => ended.reject(signal?.reason as Error)
  signal?.addEventListener('abort', abort, { once: true })
  const wait = { isReported: false }
  const reportWait = (): void => {
    wait.isReported = true
    onWait?.(true)
  }
  const timers = [
    setTimeout(() => ended.reject(locked('It has not been unlocked in time.')), patience),
    setTimeout(reportWait, Math.min(NOTICED, patience)),
  ]
  try {
    return await Promise.race([holdingThread(call()), ended.promise])
  } catch (error) {
    if (signal !== undefined) throwIfAborted(signal)
    throw error instanceof CofferError ? error : inWords(error)
  } finally {
    for (const timer of timers) clearTimeout(timer)
    if (wait.isReported) onWait?.(false)
    signal?.removeEventListener('abort', abort)
  }
}

/** Calls whose thread has not come back yet. */
let holding = 0
let leaves = false

/**
 * A call that hangs in libsecret holds a thread for good, and Node waits for its threads when it exits. On Linux, a process
 * that exits meanwhile is therefore replaced by one that only ends with the same code.
 */
function holdingThread<T>(call: Promise<T>): Promise<T> {
  holding += 1
  if (!leaves && process.platform === 'linux' && !('electron' in process.versions)) {
    leaves = true
    process.on('exit', (code) => {
      if (holding > 0) process.execve?.('/bin/sh', ['sh', '-c', `exit ${code}`], {})
    })
  }
  const back = (): void => void (holding -= 1)
  call.then(back, back)
  return call
}

/**
 * keytar hands on the system's own sentence and no code: GNOME Keyring's "Cannot create an item in a locked collection",
 * a dismissed prompt, or macOS's errSecInteractionNotAllowed and errSecAuthFailed.
 */
function inWords(error: unknown): CofferError {
  const text = error instanceof Error ? error.message : String(error)
  if (NO_DEFAULT.test(text)) return noDefault(error)
  return /locked|dismissed|user interaction is not allowed|user name or passphrase/i.test(text)
    ? locked('It is locked.', error)
    : unavailable('No keychain service answers.', error)
}

/** A Secret Service that answers and has nowhere to store: GNOME Keyring before its first keyring, KeePassXC without a group. */
const NO_DEFAULT = /object does not exist at path|no such (?:secret )?collection/i

function noDefault(cause: unknown): CofferError {
  const message = "This system's keychain answers, but it has no default keyring to store in."
  return new CofferError('KEYCHAIN_UNAVAILABLE', message, {
    cause,
    hint: 'Make one: in Passwords and Keys (seahorse) a keyring that is the default, in KeePassXC a group for the Secret Service. Or keep keys in a passphrase-sealed file: set COFFER_PASSPHRASE_FILE.',
  })
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
