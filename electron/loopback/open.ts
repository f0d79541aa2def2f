import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import * as z from 'zod'
import { openKeychainWait, type KeychainWait } from '../api/keychain-wait.ts'
import { openQuestions, type Questions } from '../api/questions.ts'
import { createInProcessClient } from '../api/router.ts'
import { crashOf, traceOf } from '../base/crash.ts'
import { CofferError, exitCode } from '../base/errors.ts'
import { findInstance, openCoffer, takeInstance, type Coffer, type Instance } from '../compose.ts'
import { openInBrowser } from '../base/browser.ts'
import { TOKEN_MS } from './session-auth.ts'
import { openDrops, type Drops } from './drops.ts'
import { pathGate } from './path-gate.ts'
import { askForWindow, serveWindow } from './server.ts'
import { writeStartPage, type StartPage } from './start-page.ts'

interface Flags {
  json: boolean
  browser: boolean
}

/** The name under which a running one is found. */
const INSTANCE = 'window'

/** Milliseconds in which one that has just been started must have said where it is. */
const PATIENCE = 10_000

/**
 * Opens the window in a browser and serves it until it is told to stop. If a Coffer with the same folder serves one already,
 * its window is opened instead. Ends the process.
 */
export async function open(args: string[]): Promise<void> {
  const flags = flagsOf(args)
  process.on('uncaughtException', failed).on('unhandledRejection', failed)
  // A terminal that was closed is no reason to fall over.
  process.stdout.on('error', () => undefined)
  const stopped = stopSignal()
  const drops = openDrops()
  const questions = openQuestions()
  const notices: string[] = []
  const notify = (text: string): void => {
    notices.push(text)
    process.stderr.write(`${text}\n`)
  }
  const keychainWait = openKeychainWait()
  const onKeychainWait = (isWaiting: boolean): void => {
    keychainWait.report(isWaiting)
    if (isWaiting) process.stderr.write('Waiting for this system’s keychain: unlock it where it asks for that.\n')
  }
  const coffer = await openCoffer({ openStream: drops.open, askPassphrase: questions.ask, notify, onKeychainWait })
  const instance = takeInstance(coffer.home, INSTANCE)
  try {
    if (instance === null) await openRunning(coffer.home, flags)
    else await serve({ coffer, instance, drops, questions, notices, keychainWait }, flags, stopped)
  } finally {
    instance?.[Symbol.dispose]()
    questions.close()
    await coffer.close()
  }
  process.stdout.write('', () => process.exit())
}

function flagsOf(args: string[]): Flags {
  const { values } = parseArgs({ args, options: { json: { type: 'boolean' }, 'no-browser': { type: 'boolean' } } })
  return { json: values.json === true, browser: values['no-browser'] !== true }
}

interface Served {
  coffer: Coffer
  instance: Instance
  drops: Drops
  questions: Questions
  notices: readonly string[]
  keychainWait: KeychainWait
}

async function serve(
  { coffer, instance, drops, questions, notices, keychainWait }: Served,
  flags: Flags,
  stopped: Promise<void>,
): Promise<void> {
  let page: StartPage | undefined
  const window = await serveWindow({
    root: builtWindow(),
    context: {
      coffer,
      questions,
      gate: pathGate({ saveFolder: () => saveFolderOf(coffer), own: coffer.home }),
      notices: () => notices,
      keychainWait,
    },
    drops,
    onSpent: () => page?.[Symbol.dispose](),
  })
  try {
    await instance.announce({ port: window.port, secret: window.secret })
    // Transfers that were under way go on; those that cannot say why themselves.
    void createInProcessClient(coffer)
      .transfers.resumeAll()
      .catch(() => undefined)
    page = await show(coffer.home, window.startUrl(), flags)
    if (!flags.json) process.stdout.write('Ctrl-C stops it.\n')
    await stopped
  } finally {
    page?.[Symbol.dispose]()
    await window.close()
  }
}

/** Shows the window of the Coffer that runs already. */
async function openRunning(home: string, flags: Flags): Promise<void> {
  using page = await show(home, await askForWindow(await runningOne(home)), flags)
  // The browser that was started has to read the page before it goes.
  if (page !== undefined) await sleep(PATIENCE)
}

const announced = z.object({ port: z.int().min(1).max(65_535), secret: z.string().min(1) })

async function runningOne(home: string): Promise<z.infer<typeof announced>> {
  const deadline = Date.now() + PATIENCE
  for (;;) {
    const found = announced.safeParse(findInstance(home, INSTANCE))
    if (found.success) return found.data
    if (Date.now() > deadline) {
      throw new CofferError('LOCAL_IO', 'Another Coffer has this folder and does not answer.', {
        hint: 'End it first.',
      })
    }
    await sleep(50)
  }
}

/** Says where the window is, and opens it in a browser if that was not ruled out. */
async function show(home: string, url: string, { json, browser }: Flags): Promise<StartPage | undefined> {
  process.stdout.write(json ? `${JSON.stringify({ url })}\n` : `Coffer is at ${url}\n(once, and for five minutes)\n`)
  if (!browser) return undefined
  const page = await writeStartPage(join(home, 'window.html'), url)
  setTimeout(() => page[Symbol.dispose](), TOKEN_MS).unref()
  if (!(await openInBrowser(page.url)) && !json) {
    process.stdout.write('No browser could be opened from here. Open the address above in one.\n')
  }
  return page
}

async function saveFolderOf(coffer: Coffer): Promise<string> {
  return (await createInProcessClient(coffer).settings.get({})).saveFolder
}

/** The built window lies beside this bundle or, where this is a shared part, a folder above; in development, in dist. */
function builtWindow(): string {
  const here = import.meta.dirname
  const candidates = [join(here, 'renderer'), join(here, '..', 'renderer'), join(here, '..', '..', 'dist', 'renderer')]
  const found = candidates.find((folder) => existsSync(join(folder, 'index.html')))
  if (found !== undefined) return found
  throw new CofferError('LOCAL_IO', 'The window has not been built.', { hint: 'Build it: npm run build.' })
}

/** Settles at the first Ctrl-C, SIGTERM or SIGHUP, or when the program that started this one has ended; a second one ends at once. */
function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    let stopping = false
    const stop = (): void => {
      if (stopping) process.exit(exitCode('CANCELLED'))
      stopping = true
      resolve()
    }
    process.on('SIGINT', stop).on('SIGTERM', stop).on('SIGHUP', stop)
    process.once('disconnect', stop)
  })
}

function failed(error: unknown): never {
  const { code, message, hint } = crashOf(error)
  process.stderr.write(`coffer: ${message}\n  ${hint}\n`)
  if (process.env.COFFER_DEBUG) process.stderr.write(traceOf(error))
  process.exit(exitCode(code))
}
