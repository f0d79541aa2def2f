import { chromium, type Browser, type BrowserContextOptions, type Page } from '@playwright/test'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { start, type Running } from '../../support/run.ts'
import { windowAddress } from '../../support/window-address.ts'

/** A window of Coffer, over a state folder of its own. */
export interface OpenWindow {
  page: Page
  /** The address of the window, without its token. */
  address: string
  /** Coffer's folder. */
  home: string
  /** The person's home folder; `Downloads` in it is where files are saved at first. */
  person: string
  /** Answers the dialog for files that `press` opens. */
  chooseFiles(files: string[], press: () => Promise<void>): Promise<void>
  /** Gives the page another size, in CSS pixels. */
  resize(width: number, height: number): Promise<void>
  close(): Promise<void>
}

/** The same, in a browser. */
export interface WindowInBrowser extends OpenWindow {
  browser: Browser
}

export interface WindowOptions {
  /** A folder with `home` and `person` in it, from a window before; a new one, removed at the end, unless told. */
  folder?: string
  env?: Record<string, string | undefined>
  /** To open it in; one of its own unless told. */
  browser?: Browser
  context?: BrowserContextOptions
  /** Called before the page is opened. */
  prepare?(page: Page): Promise<void>
}

/** A browser with nothing of its own on the network. CHROMIUM names another one. */
export function launchBrowser(): Promise<Browser> {
  const program = process.env.CHROMIUM ?? '/usr/bin/chromium'
  const asRoot = process.getuid?.() === 0
  return chromium.launch({
    ...(existsSync(program) ? { executablePath: program } : {}),
    args: ['--disable-background-networking', ...(asRoot ? ['--no-sandbox'] : [])],
  })
}

/** Starts Coffer's window as a person does, with `coffer open`, and opens it in a browser. */
export async function openWindow(options: WindowOptions = {}): Promise<WindowInBrowser> {
  const folder = options.folder ?? (await mkdtemp(join(tmpdir(), 'coffer-window-')))
  const home = join(folder, 'home')
  const person = join(folder, 'person')
  await mkdir(join(person, 'Downloads'), { recursive: true })
  const coffer = start(process.execPath, [resolve('dist/cli.js'), 'open', '--no-browser', '--json'], {
    env: { COFFER_HOME: home, HOME: person, USERPROFILE: person, ...options.env },
    timeout: 600_000,
  })
  const undo: (() => Promise<unknown>)[] = [() => end(coffer)]
  undo.push(() => endThisComputer(home))
  if (options.folder === undefined) undo.push(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }))
  const close = async (): Promise<void> => {
    for (const step of undo.splice(0)) await step()
  }
  try {
    const { href, origin } = await windowAddress(coffer)
    const browser = options.browser ?? (await launchBrowser())
    if (options.browser === undefined) undo.unshift(() => browser.close())
    const context = await browser.newContext(options.context)
    undo.unshift(() => context.close())
    const page = await context.newPage()
    await options.prepare?.(page)
    await page.goto(href)
    const address = `${origin}/`
    await page.waitForURL((at) => at.href.startsWith(address) && at.pathname === '/')
    const chooseFiles = async (files: string[], press: () => Promise<void>): Promise<void> => {
      const chooser = page.waitForEvent('filechooser')
      await press()
      await (await chooser).setFiles(files)
    }
    const resize = (width: number, height: number): Promise<void> => page.setViewportSize({ width, height })
    return { page, browser, resize, address, home, person, chooseFiles, close }
  } catch (error) {
    await close()
    throw error
  }
}

/** As Ctrl-C does. */
async function end({ child, ended }: Running): Promise<void> {
  child.kill('SIGTERM')
  await ended
}

/** Where This computer's server is that the window has started; null if none runs. */
export async function thisComputer(home: string): Promise<{ pid: number; endpoint: string } | null> {
  const file = join(home, 'this-computer', 'run.json')
  const text = await readFile(file, 'utf8').catch(() => null)
  return text === null ? null : (JSON.parse(text) as { pid: number; endpoint: string })
}

/** It would wait for more work for a while, over a folder that is gone. */
async function endThisComputer(home: string): Promise<void> {
  const server = await thisComputer(home)
  if (server !== null && isAlive(server.pid)) process.kill(server.pid, 'SIGTERM')
  while (server !== null && isAlive(server.pid)) await new Promise((resolve) => setTimeout(resolve, 20))
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
