import type { Command } from 'commander'
import type { CofferClient } from '../api/client.ts'
import { CofferError, exitCode } from '../base/errors.ts'
import type { ErrorCode } from '../base/errors.ts'
import type { Coffer, CofferOptions } from '../compose.ts'
import { ask, askSecret } from './ask.ts'
import { createOutput } from './output.ts'
import type { Failure, Output } from './output.ts'
import { placeRef } from './place-ref.ts'
import type { Connection, WhereOptions } from './place-ref.ts'

/** The options that every command has. */
export interface GlobalOptions extends WhereOptions {
  json?: boolean
  home?: string
}

/** What a command works with. */
export interface Session {
  client: CofferClient
  place: string | Connection | undefined
  out: Output
  /** Fires when the person presses Ctrl-C. */
  signal: AbortSignal
  /** Tells of a failure that does not end the command; the first one decides the exit code. */
  fail: (failure: Failure & { code: ErrorCode }, where?: { bucket: string; key: string }) => void
}

/**
 * Opens Coffer in this process, does the work and closes it. The heavy parts load here and not before, so that help and
 * usage errors are instant.
 */
export async function withCoffer(command: Command, work: (session: Session) => Promise<void>): Promise<void> {
  const options = command.optsWithGlobals<GlobalOptions>()
  const place = placeRef(options, process.env)
  await openHere(options, async (coffer, out, signal) => {
    const { createInProcessClient } = await import('../api/router.ts')
    await work({
      client: createInProcessClient(coffer),
      place,
      out,
      signal,
      fail(failure, where) {
        out.failure(failure, where)
        process.exitCode ||= exitCode(failure.code)
      },
    })
  })
}

/** The same without the contract, for the one command that runs a server instead of asking one. */
export async function openHere(
  options: GlobalOptions,
  work: (coffer: Coffer, out: Output, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const { openCoffer } = await import('../compose.ts')
  const out = createOutput(options.json === true)
  const signal = interruptSignal()
  const askPassphrase = out.interactive && process.stdin.isTTY ? passphrasePrompt(signal) : undefined
  const askMfaCode = askPassphrase === undefined ? undefined : mfaPrompt(signal)
  const notify = (text: string): void => out.note(text, { notice: text })
  const coffer = await openCoffer({ home: options.home, askPassphrase, askMfaCode, notify, signal })
  try {
    await work(coffer, out, signal)
  } finally {
    out.status('')
    for (const { code, message } of coffer.localCloud.notices()) out.note(message, { code, message })
    await coffer.close()
  }
}

function mfaPrompt(signal: AbortSignal): NonNullable<CofferOptions['askMfaCode']> {
  return async (serial) => (await ask(`Code of the MFA device ${serial}: `, signal)).trim()
}

type AskPassphrase = NonNullable<CofferOptions['askPassphrase']>

function passphrasePrompt(signal: AbortSignal): AskPassphrase {
  return async (why, purpose, isRight) => {
    process.stderr.write(`${why}\n`)
    if (purpose === 'open') return await askUntilRight(isRight, signal)
    const chosen = await askSecret('Choose a passphrase of 12 characters or more (nothing: do not): ', signal)
    if (chosen === '' || chosen === (await askSecret('The same once more: ', signal))) return chosen
    throw new CofferError('INVALID_INPUT', 'The two passphrases differ.', { hint: 'Try again.' })
  }
}

const TRIES = 3

/** Asks again for a passphrase that is wrong; the last one of three is what it is. */
async function askUntilRight(isRight: Parameters<AskPassphrase>[2], signal: AbortSignal): Promise<string> {
  for (let tries = 1; ; tries++) {
    const passphrase = await askSecret('Passphrase: ', signal)
    if (passphrase === '' || tries === TRIES || isRight === undefined || (await isRight(passphrase))) return passphrase
    process.stderr.write('That is not the passphrase. Try again.\n')
  }
}

/** True if a person sits at the terminal and may be asked. */
export function isAnyoneThere({ out }: Pick<Session, 'out'>): boolean {
  return out.interactive && process.stdin.isTTY
}

let interrupts: AbortController | null = null

/** Fires at the first Ctrl-C (or SIGTERM), so that what is under way is undone; a second one ends at once. */
export function interruptSignal(): AbortSignal {
  if (interrupts !== null) return interrupts.signal
  const controller = new AbortController()
  interrupts = controller
  const interrupt = (): void => {
    if (controller.signal.aborted) process.exit(exitCode('CANCELLED'))
    controller.abort(new CofferError('CANCELLED', 'Cancelled.'))
  }
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt)
  return controller.signal
}
