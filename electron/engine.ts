import { RPCHandler } from '@orpc/server/message-port'
import * as z from 'zod'
import { asCofferError, toFailure } from './api/router/own-failures.ts'
import { openGrants, type Grant, type Grants } from './api/grants.ts'
import { openKeychainWait, type KeychainWait } from './api/keychain-wait.ts'
import { logRuns } from './api/log-runs.ts'
import { openQuestions } from './api/questions.ts'
import { createInProcessClient, router } from './api/router.ts'
import type { RouterContext } from './api/router/base.ts'
import { watchTransferStatus, type TransferStatus } from './api/transfer-status.ts'
import { crashOf, traceOf } from './base/crash.ts'
import { NO_LOG, openEventLog } from './base/event-log.ts'
import { parentPort, type ParentPort, type Port } from './base/parent-port.ts'
import { startOverPort } from './cloud/this-computer/port-launch.ts'
import { isCofferError } from './base/errors.ts'
import { pausedReason } from './base/pause.ts'
import { newestSoundCopy, openCoffer, replaceDatabase, type Coffer, type DatabaseCopy } from './compose.ts'
import { cofferHome, makeHome } from './store/home.ts'

/*
 * The core in the desktop app: a process of its own, so that ciphers and transfers never hold the window up, and the fall of
 * either is survived. The main process gives it a port for each window, and what a person granted.
 */

/** What the main process says. `window` and `server` come with a port. */
const told = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('window') }),
  z.object({ kind: z.literal('server') }),
  z.object({
    kind: z.literal('grant'),
    id: z.int(),
    grants: z.array(z.object({ way: z.enum(['read', 'write']), path: z.string() })),
  }),
  z.object({ kind: z.literal('stop') }),
  /** All transfers, from the tray. */
  z.object({ kind: z.literal('pause') }),
  z.object({ kind: z.literal('resume') }),
  /** The computer was asleep. */
  z.object({ kind: z.literal('wake') }),
  /** The person agrees that the copy of the database takes its place. */
  z.object({ kind: z.literal('restore') }),
])

/** What the main process is told. */
export type EngineSays =
  | { kind: 'ready' }
  /** `copyMadeAt`: the database is damaged, and this copy of it can be put back. */
  | { kind: 'failed'; message: string; hint: string; copyMadeAt?: Date | undefined }
  | { kind: 'transfers'; status: TransferStatus }
  /** Whether it waits for the person to unlock the keychain. */
  | { kind: 'keychain'; isWaiting: boolean }
  /** The grants of this id hold. */
  | { kind: 'granted'; id: number }
  /** Fork This computer's server and send a port to it. */
  | { kind: 'fork-server' }
  | { kind: 'stopped' }

export type EngineHears = z.infer<typeof told>

/** The main process names the file, and begins a new one when it is full. */
const { COFFER_ENGINE_LOG: logFile } = process.env
const log = logFile === undefined ? NO_LOG : openEventLog(logFile, { from: 'engine', rotates: false })

async function serve(main: ParentPort): Promise<void> {
  const say: Say = (message) => main.postMessage(message)
  const servers: ((port: Port) => void)[] = []
  const forkServer = (): Promise<Port> =>
    new Promise((resolve) => {
      servers.push(resolve)
      say({ kind: 'fork-server' })
    })

  const ending = new AbortController()
  const questions = openQuestions()
  const keychainWait = openKeychainWait()
  const notices: string[] = []
  const coffer = await openCoffer({
    serverCommand: startOverPort(forkServer),
    askPassphrase: questions.ask,
    notify: (text) => void notices.push(text),
    onKeychainWait: keychainWait.report,
    signal: ending.signal,
  })
  const grants = openGrants()
  const handler = new RPCHandler<RouterContext>(router)
  const stop = async (): Promise<void> => {
    questions.close()
    // Transfers stop where they are, and what they need to go on is kept. They are told first: to them, the end of the wait
    // for the keychain would be a failure.
    const closing = coffer.close().catch(() => undefined)
    ending.abort(pausedReason())
    await closing
    say({ kind: 'stopped' })
  }

  main.on('message', ({ data, ports: [port] }) => {
    const message = told.parse(data)
    if (message.kind === 'grant')
      void addAll(grants, message.grants).then(() => say({ kind: 'granted', id: message.id }))
    else if (message.kind === 'stop') void stop()
    else if (message.kind === 'pause' || message.kind === 'resume')
      void coffer.transfers[message.kind]({}).catch(() => undefined)
    else if (message.kind === 'wake') coffer.transfers.wake()
    else if (port === undefined) return
    else if (message.kind === 'server') servers.shift()?.(port)
    else {
      const context = { coffer, gate: grants, questions, notices: () => notices, keychainWait, onFailure: logFailure }
      handler.upgrade(port, { context })
      port.start()
    }
  })
  log.write('engine-started')
  logRuns(coffer.transfers, log)
  say({ kind: 'ready' })
  void reportStatus(coffer, ending.signal, say)
  void reportKeychain(keychainWait, ending.signal, say)
  // Transfers that were under way go on; those that cannot say why themselves.
  await createInProcessClient(coffer)
    .transfers.resumeAll()
    .catch(() => undefined)
}

async function addAll(grants: Grants, given: Grant[]): Promise<void> {
  await Promise.all(given.map((grant) => grants.add(grant)))
}

type Say = (message: EngineSays) => void

async function reportStatus({ transfers }: Coffer, signal: AbortSignal, say: Say): Promise<void> {
  for await (const status of watchTransferStatus(transfers, signal)) say({ kind: 'transfers', status })
}

async function reportKeychain(wait: KeychainWait, signal: AbortSignal, say: Say): Promise<void> {
  for await (const isWaiting of wait.watch(signal)) say({ kind: 'keychain', isWaiting })
}

function logFailure(procedure: string, error: unknown): void {
  const { code } = asCofferError(error)
  if (code === 'CANCELLED') return
  if (code === 'INTERNAL') log.trace('call-failed', error, { procedure, code })
  else log.write('call-failed', { procedure, code })
}

function crashed(error: unknown): never {
  const { message, code } = crashOf(error)
  log.trace('engine-failed', error, { code })
  process.stderr.write(`coffer: ${message}\n`)
  if (process.env.COFFER_DEBUG) process.stderr.write(traceOf(error))
  process.exit(1)
}

process.on('uncaughtException', crashed).on('unhandledRejection', crashed)
const main = parentPort()
if (main === undefined) throw new Error('the engine is started by the desktop app')
serve(main).catch((error: unknown) => {
  log.trace('engine-not-started', error, { code: asCofferError(error).code })
  const { message, hint } = toFailure(error)
  const copy = isCofferError(error, 'DATABASE_DAMAGED') ? copyOfDatabase() : null
  main.on('message', ({ data }) => {
    const { kind } = told.parse(data)
    if (kind === 'stop') main.postMessage({ kind: 'stopped' } satisfies EngineSays)
    if (kind === 'restore' && copy !== null) putBack(copy)
  })
  main.postMessage({ kind: 'failed', message, hint, copyMadeAt: copy?.madeAt } satisfies EngineSays)
})

/** Null also where the folder cannot be read: the failure that is told says why. */
function copyOfDatabase(): DatabaseCopy | null {
  try {
    return newestSoundCopy(makeHome(cofferHome(process.env)))
  } catch {
    return null
  }
}

/** The main process starts this one again. */
function putBack(copy: DatabaseCopy): void {
  try {
    replaceDatabase(makeHome(cofferHome(process.env)), copy)
    process.exit(0)
  } catch (error) {
    const { message, hint } = toFailure(error)
    main?.postMessage({ kind: 'failed', message, hint } satisfies EngineSays)
  }
}
