import { join } from 'node:path'
import { MessageChannelMain, app, utilityProcess, type MessagePortMain, type UtilityProcess } from 'electron'
import type { Grant } from '../api/grants.ts'
import { NO_TRANSFERS, type TransferStatus } from '../api/transfer-status.ts'
import type { EngineHears, EngineSays } from '../engine.ts'
import { logFile } from './diagnostics.ts'
import { restartClock } from './restart-clock.ts'
import { BUILT } from './paths.ts'

/** Coffer itself, in a process of its own beside the main one. */
export interface EngineProcess {
  /** Opens a way into it for a window. */
  connect(port: MessagePortMain): void
  /** Settles when the grants hold: the window must not be faster with what was granted. */
  grant(grants: Grant[]): Promise<void>
  /** Puts the copy of the database that `onFailed` named in its place, and starts it again. */
  restore(): void
  /** Pauses or resumes all transfers; `wake`: those that wait for their server ask it now. */
  order(kind: 'pause' | 'resume' | 'wake'): void
  /** Starts another in place of one that failed. */
  restart(): void
  /** Lets transfers stop where they are, within seconds, and ends it. Its fall is no failure any more. */
  stop(): Promise<void>
}

export interface EngineWatch {
  /** It fell and runs again; whoever was connected is not any more. */
  onRestarted: () => void
  /** It cannot be started, or falls again and again. `copyMadeAt`: a copy of its database can be put back. */
  onFailed: (message: string, hint: string, copyMadeAt?: Date) => void
  onTransfers: (status: TransferStatus) => void
  /** It waits for the person to unlock the keychain, or does so no more. */
  onKeychain: (isWaiting: boolean) => void
  /** For the log: it failed or ended while the app was quitting, and nobody has to act on that. */
  onLate: (event: 'engine-failed-late' | 'engine-ended-early') => void
}

/** Milliseconds for what is under way to be written down. */
const LEAVE = 8_000

export function startEngine(watch: EngineWatch): EngineProcess {
  let clock = restartClock()
  const granting = new Map<number, () => void>()
  let grants = 0
  let stopping = false
  let hasStopped = false
  /** Undefined while none runs. */
  let engine: UtilityProcess | undefined = fork()

  const hear: { [Kind in EngineSays['kind']]?: (message: Extract<EngineSays, { kind: Kind }>) => void } = {
    granted: ({ id }) => granting.get(id)?.(),
    transfers: ({ status }) => watch.onTransfers(status),
    keychain: ({ isWaiting }) => watch.onKeychain(isWaiting),
    failed({ message, hint, copyMadeAt }) {
      if (stopping) watch.onLate('engine-failed-late')
      else watch.onFailed(message, hint, copyMadeAt)
    },
  }

  function fork(): UtilityProcess {
    const started = forkBuilt('engine.js', 'Coffer')
    started.on('message', (message: EngineSays) => {
      if (message.kind === 'fork-server') forkServer(started)
      else (hear[message.kind] as ((message: EngineSays) => void) | undefined)?.(message)
    })
    started.on('exit', () => {
      if (engine === started) ended()
    })
    return started
  }
  function ended(): void {
    engine = undefined
    // If grants were on their way, the next engine hears of all that was granted.
    for (const settle of granting.values()) settle()
    watch.onTransfers(NO_TRANSFERS)
    watch.onKeychain(false)
    if (stopping) {
      if (!hasStopped) watch.onLate('engine-ended-early')
    } else if (clock.mayRestart(Date.now())) {
      start()
    } else {
      watch.onFailed('Coffer ended by itself, several times.', 'Your files are safe where they are.')
    }
  }
  function start(): void {
    engine = fork()
    watch.onRestarted()
  }

  const tell = (message: EngineHears, ...ports: MessagePortMain[]): void => engine?.postMessage(message, ports)

  return {
    connect(port) {
      if (engine === undefined) port.close()
      else tell({ kind: 'window' }, port)
    },
    async grant(given) {
      if (engine === undefined) return
      await new Promise<void>((resolve) => {
        const id = ++grants
        granting.set(id, () => {
          granting.delete(id)
          resolve()
        })
        tell({ kind: 'grant', id, grants: given })
      })
    },
    restore: () => tell({ kind: 'restore' }),
    order: (kind) => tell({ kind }),
    restart() {
      clock = restartClock()
      const old = engine
      engine = undefined
      old?.kill()
      start()
    },
    async stop() {
      stopping = true
      const last = engine
      if (last === undefined) return
      await new Promise<void>((resolve) => {
        setTimeout(resolve, LEAVE).unref()
        last.on('exit', () => resolve())
        last.on('message', ({ kind }: EngineSays) => {
          if (kind !== 'stopped') return
          hasStopped = true
          last.kill()
        })
        tell({ kind: 'stop' })
      })
    },
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
