import { once } from 'node:events'
import { resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { toBase64, zero } from '../../base/bytes.ts'
import { CofferError } from '../../base/errors.ts'
import type { StartAnswer, StartOrder } from '../../localcloud/handshake.ts'
import { withLock } from '../../store/lock.ts'
import { asText, type Settings } from '../../store/settings.ts'
import { launch, type NotStarted, type ServerCommand, type Started, type StartServer } from './launch.ts'
import { openPrincipals, type Principals } from './principals.ts'
import { findRunning, isTaken, type Running } from './running.ts'

/** How to reach This computer as its owner. */
export interface Reach {
  endpoint: string
  region: string
  credentials: { accessKeyId: string; secretAccessKey: string }
}

/** This computer in the foreground. */
export interface Foreground extends Reach {
  /** Settles when the server has ended, by itself or by `stop`. */
  ended: Promise<void>
  /** Lets the requests under way finish, within seconds. */
  stop(): Promise<void>
}

export interface ThisComputer {
  /** Starts the server unless it runs, and says how to reach it. Throws LOCAL_SERVER, KEY_WRONG, KEYCHAIN_*. */
  ensure(): Promise<Reach>
  /**
   * Runs the server until it is stopped or this process ends, in place of one that was started in the background.
   * `dataDir` is where This computer's data is from now on. `port` 0: any free one. Throws as `ensure`.
   */
  run(options: { dataDir?: string | undefined; port: number }): Promise<Foreground>
  /** Stops the server, whoever started it, and waits until it is gone. */
  stop(): Promise<void>
  /** Looks without starting it. */
  status(): Promise<{ running: boolean; endpoint: string | undefined; dataDir: string }>
  principals: Principals
}

export interface ThisComputerOptions {
  command: ServerCommand | StartServer
  /** Path of the lock under which servers are started and stopped. */
  lock: string
  settings: Settings
  /** Where the data is until `run` chooses another folder. */
  defaultDataDir: string
  /** To start a server with. The root key is zeroed here. */
  identity(): Promise<{ rootKey: Buffer; owner: Reach['credentials'] }>
  /** To ask a server with. */
  owner(): Promise<Reach['credentials']>
  /** Seconds after which a server in the background that nobody asks anything ends. */
  idleSeconds: number
}

/** Milliseconds for another process's server to come up. */
const PATIENCE = 15_000
/** Milliseconds for a server to finish what is under way and go; it gives itself five seconds. */
const LEAVE = 8_000
const PAUSE = 50

const DATA_DIR = 'local.dataDir'
/** The process id of the server that was last started in the background. */
const BACKGROUND = 'local.background'

export function openThisComputer(options: ThisComputerOptions): ThisComputer {
  const { command, lock, settings } = options
  const dataDir = () => settings.get(DATA_DIR, asText) ?? options.defaultDataDir

  const orderFor = async (port: number, idleSeconds: number | null): Promise<StartOrder> => {
    const { rootKey, owner } = await options.identity()
    const order = { dataDir: dataDir(), port, rootKey: toBase64(rootKey), owner, idleSeconds }
    zero(rootKey)
    return order
  }

  const startInBackground = async (): Promise<StartAnswer> => {
    const order = await orderFor(0, options.idleSeconds)
    return typeof command === 'function' ? command(order) : launch(command, order)
  }

  const reach = async ({ endpoint, region }: Running): Promise<Reach> => ({
    endpoint,
    region,
    credentials: await options.owner(),
  })

  /** Another Coffer, with a folder of its own for all else, may be starting or ending a server of the same data. */
  const startOrJoin = async (): Promise<Running> => {
    const deadline = Date.now() + PATIENCE
    for (;;) {
      const running = findRunning(dataDir())
      if (running !== null) return running
      const answer = await startInBackground()
      if (answer.ok) {
        settings.set(BACKGROUND, answer.pid)
        return answer
      }
      if (answer.code !== 'DATA_DIR_IN_USE' || Date.now() > deadline) throw refusal(answer, dataDir())
      await sleep(PAUSE)
    }
  }

  /** A server whose foreground was killed takes a moment to notice, and to finish. */
  const startInForeground = async (port: number): Promise<Started> => {
    if (typeof command === 'function') throw notInForeground()
    const running = findRunning(dataDir())
    if (running !== null && running.pid === settings.get(BACKGROUND, Number)) end(running)
    await untilFree()
    const answer = await launch(command, await orderFor(port, null))
    if (answer.ok) return answer
    throw refusal(answer, dataDir())
  }

  const untilFree = async () => {
    const deadline = Date.now() + LEAVE
    while (isTaken(dataDir())) {
      if (Date.now() > deadline) throw inUse(findRunning(dataDir()), dataDir())
      await sleep(PAUSE)
    }
  }

  const ensure = async (): Promise<Reach> => reach(findRunning(dataDir()) ?? (await withLock(lock, startOrJoin)))

  return {
    ensure,
    async run({ dataDir: chosen, port }) {
      const started = await withLock(lock, () => {
        if (chosen !== undefined) settings.set(DATA_DIR, resolve(chosen))
        return startInForeground(port)
      })
      const { child } = started
      const ended = once(child, 'exit').then(() => undefined)
      const stop = async () => {
        child.kill('SIGTERM')
        await ended
      }
      return { ...(await reach(started)), ended, stop }
    },
    stop: () =>
      withLock(lock, async () => {
        const running = findRunning(dataDir())
        if (running !== null) end(running)
        await untilFree()
      }),
    status() {
      const running = findRunning(dataDir())
      return Promise.resolve({ running: running !== null, endpoint: running?.endpoint, dataDir: dataDir() })
    },
    principals: openPrincipals(ensure),
  }
}

function end({ pid }: Running): void {
  try {
    process.kill(pid, 'SIGTERM')
  } catch {
    // It was on its way out.
  }
}

function inUse(running: Running | null, dataDir: string): CofferError {
  const where = running === null ? '' : ` at ${running.endpoint}`
  return new CofferError('LOCAL_SERVER', `This computer runs already${where}, with the data in ${dataDir}.`, {
    hint: 'Use it as it is, or end the other one first.',
  })
}

function notInForeground(): CofferError {
  return new CofferError('UNSUPPORTED', 'This computer runs in the foreground of a terminal only.', {
    hint: 'Run it there: coffer up.',
  })
}

function refusal({ code, message }: NotStarted, dataDir: string): CofferError {
  switch (code) {
    case 'DATA_DIR_IN_USE':
      return inUse(null, dataDir)
    case 'WRONG_ROOT_KEY':
      return new CofferError(
        'KEY_WRONG',
        `The data in ${dataDir} belongs to another Coffer: its root key is not here.`,
        {
          hint: 'Open it with the COFFER_HOME and the keychain it was made with, or choose another folder.',
        },
      )
    case 'PORT_IN_USE':
      return new CofferError('LOCAL_SERVER', message, { hint: 'Choose another port, or 0 for any free one.' })
    case 'FAILED':
      return new CofferError('LOCAL_SERVER', `This computer's server does not start: ${message}`)
  }
}
