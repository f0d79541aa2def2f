import { _electron, expect, type ElectronApplication } from '@playwright/test'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { electronRuntime } from './hosts.ts'
import type { OpenWindow, WindowOptions } from './window.ts'

const LOADER = resolve('node_modules/playwright-core/lib/server/electron/loader.js')

/** In the app's main process: what its next dialog for files is to answer. */
type Answering = typeof globalThis & { chosen?: string[] }

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
  const app = await _electron.launch({
    executablePath: packaged ? runtime.packagedDriven : runtime.program,
    // Playwright's own loader, which it adds by itself only to an Electron that it finds itself: the app waits until it is
    // listened to. A package takes none.
    args: [...(packaged ? [] : ['-r', LOADER, resolve(runtime.app)]), ...args],
    chromiumSandbox: process.getuid?.() !== 0,
    env: { ...environment(), ...env, COFFER_HOME: home, HOME: person, USERPROFILE: person },
  })
  const close = async (): Promise<void> => {
    await app.close()
    if (given === undefined) await rm(folder, { recursive: true, force: true, maxRetries: 5 })
  }
  try {
    await app.evaluate(({ dialog }) => {
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
    const page = await app.firstWindow()
    await prepare?.(page)
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
    return { app, page, resize, address: 'coffer://app/', home, person, chooseFiles, close }
  } catch (error) {
    await close()
    throw error
  }
}

function environment(): Record<string, string> {
  const set = Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined)
  return Object.fromEntries(set)
}
