import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { toBase64, zero } from '../../base/bytes.ts'
import type { ComputerKit } from '../../base/computer-kit.ts'
import { CofferError, isCofferError } from '../../base/errors.ts'
import type { Notice, StartAnswer, StartOrder } from '../../localcloud/handshake.ts'
import { withLock } from '../../store/lock.ts'
import { asText, asTexts, type Settings } from '../../store/settings.ts'
import { openComputerKits, type ComputerKits } from './computer-kits.ts'
import { holdsVault, rootKeyIdOf } from './data-folder.ts'
import { launch, type NotStarted, type ServerCommand, type Started, type StartServer } from './launch.ts'
import { openPrincipals, type Principals } from './principals.ts'
import { findRunning, isTaken, type Running } from './running.ts'

/** How to reach This computer as its owner. */
export interface Reach {
  endpoint: string
  region: string
  credentials: { accessKeyId: string; secretAccessKey: string }
  /** What the server found about the data when it started. */
  notices: Notice[]
}

export interface RunOptions {
  /** Where This computer's data is from now on, once the server has started there. */
  dataDir?: string | undefined
  /** 0: any free one. */
  port: number
  /** Make the index of what is stored anew. */
  rebuild?: boolean | undefined
  /** Make a new vault in a `dataDir` that holds none; true unless told. */
  mayCreate?: boolean | undefined
}

/** This computer in the foreground. */
export interface Foreground extends Reach {
  dataDir: string
  /** Where the data was before, if that is another folder. It is still there, as it was. */
  previousDataDir: string | undefined
  /** Settles when the server has ended, by itself or by `stop`. */
  ended: Promise<void>
  /** Lets the requests under way finish, within seconds. */
  stop(): Promise<void>
}

export interface ThisComputer {
  /**
   * Starts the server unless it runs, and says how to reach it. Throws LOCAL_SERVER, KEY_WRONG, KEYCHAIN_*, INTEGRITY, and
   * FILE_NOT_FOUND if the data folder is not there.
   */
  ensure(): Promise<Reach>
  /**
   * Runs the server until it is stopped or this process ends, in place of one that was started in the background. If it
   * cannot start, This computer's data stays where it was. Throws as `ensure`.
   */
  run(options: RunOptions): Promise<Foreground>
  /** Stops the server, whoever started it, and waits until it is gone. */
  stop(): Promise<void>
  /**
   * Makes another folder, which holds a vault, the one with This computer's data, and starts its server in the background.
   * If it cannot start, the data stays where it was. Throws as `ensure`.
   */
  open(dataDir: string): Promise<{ dataDir: string; previousDataDir: string | undefined; notices: Notice[] }>
  /** Looks without starting it. */
  status(): Promise<{ running: boolean; endpoint: string | undefined; dataDir: string; notices: Notice[] }>
  /** What the server that was last reached by `ensure` found about the data, as far as this process is to tell it. */
  notices(): Notice[]
  kits: ComputerKits
  principals: Principals
}

export interface ThisComputerOptions {
  command: ServerCommand | StartServer
  /** Path of the lock under which servers are started and stopped. */
  lock: string
  settings: Settings
  /** Where the data is until `run` chooses another folder. */
  defaultDataDir: string
  /**
   * To start a server with, for a folder whose root key has this id. Null: the folder does not say; a root key may be made
   * if there is none and `mayMake`. The root key is zeroed here. Throws KEY_WRONG, INTEGRITY, KEYCHAIN_*.
   */
  identity(folder: { id: string | null; mayMake: boolean }): Promise<{ rootKey: Buffer; owner: Reach['credentials'] }>
  /** Keeps a root key that came in a kit. */
  takeIdentity(kit: ComputerKit): Promise<'new' | 'known'>
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

/** What stays so until something is done about it. */
const STANDING_NOTICES: ReadonlySet<Notice['code']> = new Set(['CONTENT_FOUND', 'CONTENT_MISSING', 'KMS_LOST'])

const DATA_DIR = 'local.dataDir'
/** The data folders in which a server has started: they hold a vault, so none is made there any more. */
const USED_DATA_DIRS = 'local.usedDataDirs'
/** The process id of the server that was last started in the background, by data folder. */
const backgroundOf = (folder: string): string => `local.background.${folder}`

export function openThisComputer(options: ThisComputerOptions): ThisComputer {
  const { command, lock, settings } = options
  const dataDir = () => settings.get(DATA_DIR, asText) ?? options.defaultDataDir
  const used = (): string[] => settings.get(USED_DATA_DIRS, asTexts) ?? []
  const isUsed = (folder: string): boolean => used().includes(folder)
  const setUsed = (folder: string): void => {
    if (!isUsed(folder)) settings.set(USED_DATA_DIRS, [...used(), folder])
  }

  const identityFor = (folder: string, mayMake: boolean) =>
    options.identity({ id: kits.forStart(folder)?.id ?? rootKeyIdOf(folder), mayMake: mayMake && !holdsVault(folder) })

  const orderFor = async (start: StartOptions): Promise<StartOrder> => {
    const folder = start.dataDir
    if (!start.mayCreate && !existsSync(folder)) {
      throw refusal({ ok: false, code: 'DATA_DIR_MISSING', message: '' }, folder)
    }
    const { rootKey, owner } = await identityFor(folder, start.mayCreate)
    const order: StartOrder = { ...start, rootKey: toBase64(rootKey), owner }
    const kmsBackup = kits.forStart(folder)?.kmsBackup ?? null
    if (kmsBackup !== null) order.kmsBackup = toBase64(kmsBackup)
    zero(rootKey)
    return order
  }

  const startInBackground = async (folder: string): Promise<StartAnswer> => {
    // A folder that was chosen was made when it was.
    const mayCreate = folder === options.defaultDataDir && !isUsed(folder)
    const { idleSeconds } = options
    const order = await orderFor({ dataDir: folder, mayCreate, rebuild: false, port: 0, idleSeconds })
    const answer = await (typeof command === 'function' ? command(order) : launch(command, order))
    if (answer.ok) setUsed(folder)
    return answer
  }

  const reach = async ({ endpoint, region, notices }: Running): Promise<Reach> => ({
    endpoint,
    region,
    notices,
    credentials: await options.owner(),
  })

  /** Another Coffer, with a folder of its own for all else, may be starting or ending a server of the same data. */
  const startOrJoin = async (folder = dataDir()): Promise<Running> => {
    const deadline = Date.now() + PATIENCE
    for (;;) {
      const running = findRunning(folder)
      if (running !== null) return running
      const answer = await startInBackground(folder)
      if (answer.ok) {
        settings.set(backgroundOf(folder), answer.pid)
        return answer
      }
      if (answer.code !== 'DATA_DIR_IN_USE' || Date.now() > deadline) throw refusal(answer, folder)
      await sleep(PAUSE)
    }
  }

  /** A server whose foreground was killed takes a moment to notice, and to finish. */
  const startInForeground = async (start: StartOptions): Promise<Started> => {
    if (typeof command === 'function') throw notInForeground()
    endBackground(start.dataDir)
    await untilFree(start.dataDir)
    const answer = await launch(command, await orderFor(start))
    if (answer.ok) return answer
    throw refusal(answer, start.dataDir)
  }

  const endBackground = (folder: string): void => {
    const running = findRunning(folder)
    if (running !== null && running.pid === settings.get(backgroundOf(folder), Number)) end(running)
  }

  const untilFree = async (folder: string) => {
    const deadline = Date.now() + LEAVE
    while (isTaken(folder)) {
      if (Date.now() > deadline) throw inUse(findRunning(folder), folder)
      await sleep(PAUSE)
    }
  }

  /** What the person has to be told about the data, once by this process. */
  let untold: Notice[] = []

  const ensure = async (): Promise<Reach> => {
    const running = findRunning(dataDir())
    const reached = running ?? (await withLock(lock, () => startOrJoin()))
    // Whoever started a server that runs already was told what happened then; what is still so concerns everyone.
    untold = running ? running.notices.filter(({ code }) => STANDING_NOTICES.has(code)) : reached.notices
    return reach(reached)
  }

  const kits = openComputerKits({
    settings,
    dataDir,
    isUsed,
    rootKeyFor: (folder) => identityFor(folder, false),
    takeIdentity: (kit) => options.takeIdentity(kit),
    start: ensure,
  })

  return {
    ensure,
    notices: () => untold,
    kits,
    async open(chosen) {
      const former = dataDir()
      const folder = resolve(chosen)
      const server = await withLock(lock, async () => {
        // One that runs already has not seen what a kit brought.
        if (kits.forStart(folder) !== null) {
          endBackground(folder)
          await untilFree(folder)
        }
        const running = await startOrJoin(folder).catch((error: unknown) => {
          throw folder === former ? error : stays(error, former)
        })
        settings.set(DATA_DIR, folder)
        return running
      })
      return { dataDir: folder, previousDataDir: previousOf(folder, former), notices: server.notices }
    },
    async run({ dataDir: chosen, port, rebuild = false, mayCreate = true }) {
      const former = dataDir()
      const folder = chosen === undefined ? former : resolve(chosen)
      const order = { dataDir: folder, mayCreate: mayCreate && !isUsed(folder), rebuild, port, idleSeconds: null }
      const started = await withLock(lock, async () => {
        const server = await startInForeground(order).catch((error: unknown) => {
          throw folder === former ? error : stays(error, former)
        })
        setUsed(folder)
        if (chosen !== undefined) settings.set(DATA_DIR, folder)
        return server
      })
      const { child } = started
      const ended = once(child, 'exit').then(() => undefined)
      const stop = async () => {
        child.kill('SIGTERM')
        await ended
      }
      return { ...(await reach(started)), dataDir: folder, previousDataDir: previousOf(folder, former), ended, stop }
    },
    stop: () =>
      withLock(lock, async () => {
        const running = findRunning(dataDir())
        if (running !== null) end(running)
        await untilFree(dataDir())
      }),
    status() {
      const running = findRunning(dataDir())
      const notices = running?.notices ?? []
      return Promise.resolve({ running: running !== null, endpoint: running?.endpoint, dataDir: dataDir(), notices })
    },
    principals: openPrincipals(ensure),
  }
}

/** What of an order the caller settles. */
type StartOptions = Pick<StartOrder, 'dataDir' | 'mayCreate' | 'rebuild' | 'port' | 'idleSeconds'>

function previousOf(folder: string, former: string): string | undefined {
  return folder === former || !existsSync(former) ? undefined : former
}

/** A failure to start in another folder says where the data is still. */
function stays(error: unknown, dataDir: string): unknown {
  if (!isCofferError(error)) return error
  return new CofferError(error.code, `${error.message} Nothing has moved: This computer's data stays in ${dataDir}.`, {
    hint: error.hint,
    cause: error,
  })
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
          hint: 'Open it with its recovery kit (coffer up --data FOLDER --kit FILE), or with the COFFER_HOME and the keychain it was made with.',
          facts: { rootKey: 'other' },
        },
      )
    case 'DATA_DIR_MISSING':
      return new CofferError('FILE_NOT_FOUND', `This computer's data is not in ${dataDir}: there is no vault there.`, {
        hint: `If it is on a disk that is not connected or not mounted, connect it and try again. If it is in another folder, name that: coffer up --data FOLDER.`,
      })
    case 'DATA_DAMAGED':
      return new CofferError('INTEGRITY', `This computer's data in ${dataDir} is damaged: ${message}.`, {
        hint: 'Put the file back from a copy of the folder, or start with its recovery kit: coffer up --data FOLDER --kit FILE. Nothing was deleted.',
      })
    case 'DISK_FULL':
      return new CofferError('DISK_FULL', message)
    case 'PORT_IN_USE':
      return new CofferError('LOCAL_SERVER', message, { hint: 'Choose another port, or 0 for any free one.' })
    case 'FAILED':
      return new CofferError('LOCAL_SERVER', `This computer's server does not start: ${message}`)
  }
}
