import { _electron, expect, type ElectronApplication } from '@playwright/test'
import type { MessageBoxOptions } from 'electron'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { electronRuntime } from './hosts.ts'
import type { OpenWindow, WindowOptions } from './window.ts'

const LOADER = resolve('node_modules/playwright-core/lib/server/electron/loader.js')

/** A question of the app's that was answered. */
export interface AskedBox {
  message: string
  answer: string
}

/** In the app's main process: how its next dialogs are to be answered, and what was asked. */
type Answering = typeof globalThis & {
  chosen?: string[]
  /** Texts of buttons. */
  answers: string[]
  asked: AskedBox[]
}

export interface DesktopOptions extends Pick<WindowOptions, 'prepare' | 'folder'> {
  /** Opens the packaged app, not the one as built. */
  packaged?: boolean
  /** Arguments that the app is started with. */
  args?: string[]
  /** Set for the app besides what is set here. */
  env?: Record<string, string>
}

export interface DesktopWindow extends OpenWindow {
  app: ElectronApplication
  /** Presses these buttons in the next boxes that ask something, one after the other. */
  willAnswer(...buttons: string[]): Promise<void>
  /** What was asked since the last time. */
  asked(): Promise<AskedBox[]>
  /** Starts the app once more over the same folder, as a person does who does not see its window. */
  startAgain(...args: string[]): Promise<void>
  /** Settles when the app has ended. */
  ended: Promise<undefined>
}

/**
 * The same window in the desktop app. Nobody is there to answer the system's dialogs: saving goes where they begin, which is
 * where the browser host saves.
 */
export async function openDesktop({
  prepare,
  packaged = false,
  folder: given,
  args = [],
  env = {},
}: DesktopOptions = {}): Promise<DesktopWindow> {
  const folder = given ?? (await mkdtemp(join(tmpdir(), 'coffer-desktop-')))
  const home = join(folder, 'home')
  const person = join(folder, 'person')
  await mkdir(join(person, 'Downloads'), { recursive: true })
  const runtime = electronRuntime()
  if (runtime === null) throw new Error('Start it with scripts/test-desktop.sh, which finds an Electron.')
  const own = { ...environment(), COFFER_HOME: home, HOME: person, USERPROFILE: person, ...env }
  const program = packaged ? runtime.packagedDriven : runtime.program
  const app = await _electron.launch({
    executablePath: program,
    // Playwright's own loader, which it adds by itself only to an Electron that it finds itself: the app waits until it is
    // listened to. A package takes none.
    args: [...(packaged ? [] : ['-r', LOADER, resolve(runtime.app)]), ...args],
    chromiumSandbox: process.getuid?.() !== 0,
    env: own,
  })
  const { promise: ended, resolve: hasEnded } = Promise.withResolvers<undefined>()
  const child = app.process()
  child.once('exit', () => hasEnded(undefined))
  const close = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) await app.close()
    if (given === undefined) await rm(folder, { recursive: true, force: true, maxRetries: 5 })
  }
  try {
    await answerDialogs(app)
    const page = await app.firstWindow()
    await prepare?.(page)
    await page.waitForURL('coffer://app/**')
    await page.reload()
    const chooseFiles = async (files: string[], press: () => Promise<void>): Promise<void> => {
      await app.evaluate((_, chosen) => void ((globalThis as Answering).chosen = chosen), files)
      await press()
    }
    const resize = async (width: number, height: number): Promise<void> => {
      await app.evaluate(({ BrowserWindow }, size) => BrowserWindow.getAllWindows()[0]?.setContentSize(...size), [
        width,
        height,
      ] as [number, number])
      await expect.poll(() => page.evaluate('[innerWidth, innerHeight]')).toEqual([width, height])
    }
    const willAnswer = (...buttons: string[]): Promise<void> =>
      app.evaluate((_, texts) => void (globalThis as Answering).answers.push(...texts), buttons)
    const asked = (): Promise<AskedBox[]> => app.evaluate(() => (globalThis as Answering).asked.splice(0))
    const startAgain = async (...words: string[]): Promise<void> => {
      const all = packaged ? words : [resolve(runtime.app), ...words]
      const second = spawn(program, all, { env: own, stdio: 'ignore' })
      const [code] = (await once(second, 'exit')) as [number | null]
      expect(code, 'the second start leaves it to the first').toBe(0)
    }
    const more = { willAnswer, asked, startAgain, ended }
    return { app, page, resize, address: 'coffer://app/', home, person, chooseFiles, close, ...more }
  } catch (error) {
    await close()
    throw error
  }
}

/** Stands in for the system's dialogs. */
async function answerDialogs(app: ElectronApplication): Promise<void> {
  const stand = (): Promise<void> =>
    app.evaluate(({ dialog }) => {
      const answering = globalThis as Answering
      answering.answers = []
      answering.asked = []
      // Unless it is told, nobody wants to keep an app running that a test closes.
      dialog.showMessageBox = (...given: unknown[]) => {
        const { message, buttons = [], cancelId = 0 } = given.at(-1) as MessageBoxOptions
        const answer = answering.answers.shift() ?? (buttons.includes('Pause and Quit') ? 'Pause and Quit' : '')
        const response = buttons.includes(answer) ? buttons.indexOf(answer) : cancelId
        answering.asked.push({ message, answer: buttons[response] ?? '' })
        return Promise.resolve({ response, checkboxChecked: false })
      }
      dialog.showSaveDialog = (...given: unknown[]) => {
        const { defaultPath } = given.at(-1) as { defaultPath: string }
        return Promise.resolve({ canceled: false, filePath: defaultPath })
      }
      dialog.showOpenDialog = (...given: unknown[]) => {
        const { defaultPath = '' } = given.at(-1) as { defaultPath?: string }
        const filePaths = (globalThis as Answering).chosen ?? [defaultPath]
        delete (globalThis as Answering).chosen
        return Promise.resolve({ canceled: false, filePaths })
      }
    })
  try {
    await stand()
  } catch (error) {
    // While the app starts, V8 may collect the inspector's own promise; nothing of the app's has failed then.
    if (!String(error).includes('garbage collected')) throw error
    await stand()
  }
}

function environment(): Record<string, string> {
  const set = Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined)
  return Object.fromEntries(set)
}
