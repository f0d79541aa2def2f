import { RPCHandler } from '@orpc/server/message-port'
import * as z from 'zod'
import { asCofferError, toFailure } from './api/router/own-failures.ts'
import { logRuns } from './api/log-runs.ts'
import { openGrants } from './api/grants.ts'
import { openQuestions } from './api/questions.ts'
import { createInProcessClient, router } from './api/router.ts'
import type { RouterContext } from './api/router/base.ts'
import { crashOf, traceOf } from './base/crash.ts'
import { NO_LOG, openEventLog } from './base/event-log.ts'
import { parentPort, type ParentPort, type Port } from './base/parent-port.ts'
import { startOverPort } from './cloud/this-computer/port-launch.ts'
import { isCofferError } from './base/errors.ts'
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
  z.object({ kind: z.literal('grant'), id: z.int(), way: z.enum(['read', 'write']), path: z.string() }),
  z.object({ kind: z.literal('stop') }),
  z.object({ kind: z.literal('is-busy'), id: z.int() }),
  /** The person agrees that the copy of the database takes its place. */
  z.object({ kind: z.literal('restore') }),
])

/** What the main process is told. */
export type EngineSays =
  | { kind: 'ready' }
  /** `copyMadeAt`: the database is damaged, and this copy of it can be put back. */
  | { kind: 'failed'; message: string; hint: string; copyMadeAt?: Date | undefined }
  /** The grant of this id holds. */
  | { kind: 'granted'; id: number }
  /** Fork This computer's server and send a port to it. */
  | { kind: 'fork-server' }
  | { kind: 'stopped' }
  /** Whether this process works on transfers, or soon will. */
  | { kind: 'busy'; id: number; busy: boolean }

export type EngineHears = z.infer<typeof told>

/** The main process names the file, and begins a new one when it is full. */
const { COFFER_ENGINE_LOG: logFile } = process.env
const log = logFile === undefined ? NO_LOG : openEventLog(logFile, { from: 'engine', rotates: false })

async function serve(main: ParentPort): Promise<void> {
  const say = (message: EngineSays): void => main.postMessage(message)
  const servers: ((port: Port) => void)[] = []
  const forkServer = (): Promise<Port> =>
    new Promise((resolve) => {
      servers.push(resolve)
      say({ kind: 'fork-server' })
    })

  const questions = openQuestions()
  const notices: string[] = []
  const coffer = await openCoffer({
    serverCommand: startOverPort(forkServer),
    askPassphrase: questions.ask,
    notify: (text) => void notices.push(text),
  })
  const grants = openGrants()
  const handler = new RPCHandler<RouterContext>(router)

  main.on('message', ({ data, ports: [port] }) => {
    const message = told.parse(data)
    if (message.kind === 'grant') void grants.add(message).then(() => say({ kind: 'granted', id: message.id }))
    else if (message.kind === 'is-busy') say({ kind: 'busy', id: message.id, busy: isBusy(coffer) })
    else if (message.kind === 'stop') {
      questions.close()
      void stop(coffer, say)
    } else if (port === undefined) return
    else if (message.kind === 'server') servers.shift()?.(port)
    else {
      handler.upgrade(port, {
        context: { coffer, gate: grants, questions, notices: () => notices, onFailure: logFailure },
      })
      port.start()
    }
  })
  log.write('engine-started')
  logRuns(coffer.transfers, log)
  say({ kind: 'ready' })
  // Transfers that were under way go on; those that cannot say why themselves.
  await createInProcessClient(coffer)
    .transfers.resumeAll()
    .catch(() => undefined)
}

function isBusy(coffer: Coffer): boolean {
  return coffer.transfers
    .views()
    .some(({ state, elsewhere }) => !elsewhere && (state === 'running' || state === 'waiting'))
}

/** Transfers stop where they are, and what they need to go on is kept. The main process then ends this one. */
async function stop(coffer: Coffer, say: (message: EngineSays) => void): Promise<void> {
  await coffer.close().catch(() => undefined)
  say({ kind: 'stopped' })
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
    if (copy !== null && told.parse(data).kind === 'restore') putBack(copy)
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
