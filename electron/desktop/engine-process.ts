import { join } from 'node:path'
import { MessageChannelMain, app, utilityProcess, type MessagePortMain, type UtilityProcess } from 'electron'
import type { Grant } from '../api/grants.ts'
import type { EngineHears, EngineSays } from '../engine.ts'
import { logFile } from './diagnostics.ts'
import { restartClock } from './restart-clock.ts'
import { BUILT } from './paths.ts'

/** Coffer itself, in a process of its own beside the main one. */
export interface EngineProcess {
  /** Opens a way into it for a window. */
  connect(port: MessagePortMain): void
  /** Settles when the grant holds: the window must not be faster with what was granted. */
  grant(grant: Grant): Promise<void>
  /** True while transfers are under way; also where it does not answer. */
  isBusy(): Promise<boolean>
  /** Puts the copy of the database that `onFailed` named in its place, and starts it again. */
  restore(): void
  /** Lets transfers stop where they are, within seconds, and ends it. */
  stop(): Promise<void>
}

export interface EngineWatch {
  /** It fell and runs again; whoever was connected is not any more. */
  onRestarted: () => void
  /** It cannot be started, or falls again and again. `copyMadeAt`: a copy of its database can be put back. */
  onFailed: (message: string, hint: string, copyMadeAt?: Date) => void
}

/** Milliseconds for what is under way to be written down. */
const LEAVE = 8_000
/** Milliseconds to answer a question. */
const ANSWER = 5_000

export function startEngine({ onRestarted, onFailed }: EngineWatch): EngineProcess {
  const clock = restartClock()
  const granting = new Map<number, () => void>()
  const asking = new Map<number, (busy: boolean) => void>()
  let grants = 0
  let questions = 0
  let stopping = false
  let engine = fork()

  function fork(): UtilityProcess {
    const started = forkBuilt('engine.js', 'Coffer')
    started.on('message', (message: EngineSays) => {
      if (message.kind === 'fork-server') forkServer(started)
      if (message.kind === 'busy') asking.get(message.id)?.(message.busy)
      if (message.kind === 'granted') granting.get(message.id)?.()
      if (message.kind === 'failed') onFailed(message.message, message.hint, message.copyMadeAt)
    })
    started.on('exit', () => {
      if (stopping) return
      if (!clock.mayRestart(Date.now())) {
        onFailed('Coffer ended by itself, several times.', 'Your files are safe where they are. Start Coffer again.')
        return
      }
      engine = fork()
      onRestarted()
    })
    return started
  }

  const tell = (message: EngineHears, ...ports: MessagePortMain[]): void => engine.postMessage(message, ports)

  return {
    connect: (port) => tell({ kind: 'window' }, port),
    grant: (grant) =>
      new Promise((resolve) => {
        const id = ++grants
        const settle = (): void => {
          granting.delete(id)
          resolve()
        }
        granting.set(id, settle)
        // If it falls meanwhile, the one after it is told again.
        engine.once('exit', settle)
        tell({ kind: 'grant', id, ...grant })
      }),
    isBusy: () =>
      new Promise((resolve) => {
        const id = ++questions
        const settle = (busy: boolean): void => {
          clearTimeout(timer)
          asking.delete(id)
          resolve(busy)
        }
        const timer = setTimeout(() => settle(true), ANSWER)
        asking.set(id, settle)
        tell({ kind: 'is-busy', id })
      }),
    restore: () => tell({ kind: 'restore' }),
    stop: () =>
      new Promise((resolve) => {
        stopping = true
        setTimeout(resolve, LEAVE).unref()
        engine.on('exit', () => resolve())
        engine.on('message', ({ kind }: EngineSays) => {
          if (kind === 'stopped') engine.kill()
        })
        tell({ kind: 'stop' })
      }),
  }
}

/**
 * This computer's server, for an engine that asks for it: nothing but Electron's main process can start a program of the app
 * (the fuse RunAsNode is off). The order for it goes over the port, past this process.
 */
function forkServer(engine: UtilityProcess): void {
  const { port1, port2 } = new MessageChannelMain()
  forkBuilt('localcloud.js', 'Coffer: This computer').postMessage(null, [port1])
  engine.postMessage({ kind: 'server' } satisfies EngineHears, [port2])
}

function forkBuilt(program: string, serviceName: string): UtilityProcess {
  const forked = utilityProcess.fork(join(BUILT, program), [], {
    serviceName,
    env: environment(),
    execArgv: ['--disable-warning=ExperimentalWarning'],
    stdio: app.isPackaged ? 'ignore' : 'inherit',
  })
  // It says that the process is about to end, as `exit` does after it; unheard, it would end this one.
  forked.on('error', () => undefined)
  return forked
}

/** Under NODE_DEBUG, Node writes what passes through it to the terminal: keys too. */
function environment(): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = { ...process.env, COFFER_ENGINE_LOG: logFile() }
  delete env.NODE_DEBUG
  delete env.NODE_DEBUG_NATIVE
  return env
}
