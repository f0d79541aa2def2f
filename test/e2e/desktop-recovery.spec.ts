import type { ElectronApplication } from '@playwright/test'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openDesktop, type DesktopWindow } from './support/desktop.ts'
import { startStoppedKeyring } from './support/stopped-keyring.ts'
import { expect, test } from './support/test.ts'

/* The desktop app when a process of it falls or hangs, and while it waits for the keychain. */

const pagePid = (app: ElectronApplication): Promise<number> =>
  app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.webContents.getOSProcessId() ?? 0)

/** Playwright takes a page whose process died for lost, so the main process looks at the one that came back. */
async function expectPage(app: ElectronApplication, words: string): Promise<void> {
  const text = (): Promise<string> =>
    app.evaluate(async ({ BrowserWindow }) => {
      const contents = BrowserWindow.getAllWindows()[0]?.webContents
      if (contents === undefined || contents.isLoading() || contents.isCrashed()) return ''
      return (await contents.executeJavaScript('document.body.innerText')) as string
    })
  await expect.poll(text, { timeout: 30_000 }).toContain(words)
}

async function enginePid(app: ElectronApplication): Promise<number | undefined> {
  const all = await app.evaluate(({ app: own }) => own.getAppMetrics().map(({ pid, name }) => ({ pid, name })))
  return all.find(({ name }) => name === 'Coffer')?.pid
}

async function killPage(app: ElectronApplication): Promise<void> {
  const pid = await pagePid(app)
  process.kill(pid, 'SIGKILL')
  await expect.poll(() => pagePid(app)).not.toBe(pid)
}

async function killEngine(app: ElectronApplication): Promise<void> {
  await expect.poll(() => enginePid(app)).toBeDefined()
  const pid = (await enginePid(app)) ?? 0
  process.kill(pid, 'SIGKILL')
  await expect.poll(() => enginePid(app)).not.toBe(pid)
}

const log = ({ home }: DesktopWindow): Promise<string> => readFile(join(home, 'desktop', 'logs', 'coffer.log'), 'utf8')

const WELCOME = 'Try on this computer'

test('a page that hangs, dies or never starts is loaded again; if that does not help, the person is asked', async () => {
  const window = await openDesktop()
  const { app, page } = window
  try {
    await expect(page.getByRole('button', { name: WELCOME })).toBeVisible()
    const before = await pagePid(app)
    await app.evaluate(({ BrowserWindow }) => {
      const [own] = BrowserWindow.getAllWindows()
      // Nobody waits for what never answers.
      void own?.webContents.executeJavaScript('setTimeout(() => { for (;;); })')
    })
    await window.willAnswer('Load Again')
    // Chromium finds out by itself after half a minute, and by somebody's keys or clicks only.
    await app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.emit('unresponsive'))
    await expect.poll(() => pagePid(app)).not.toBe(before)
    await expectPage(app, WELCOME)
    expect(await window.asked()).toEqual([{ message: 'The window does not answer', answer: 'Load Again' }])

    await killPage(app)
    await expectPage(app, WELCOME)
    await killPage(app)
    await expectPage(app, WELCOME)
    expect(await window.asked()).toEqual([])
    await window.willAnswer('Try Again')
    await killPage(app)
    await expectPage(app, WELCOME)
    const failing = { message: 'The window keeps failing', answer: 'Try Again' }
    expect(await window.asked()).toEqual([failing])

    // From now on half a minute is half a second, and the page's files do not come.
    await app.evaluate(({ BrowserWindow }) => {
      const wait = globalThis.setTimeout
      const hasten = (act: () => void, delay = 0): NodeJS.Timeout => wait(act, delay === 30_000 ? 500 : delay)
      globalThis.setTimeout = hasten as typeof setTimeout
      const contents = BrowserWindow.getAllWindows()[0]?.webContents
      contents?.session.webRequest.onBeforeRequest(() => undefined)
      contents?.reload()
    })
    await expect.poll(() => window.asked()).toEqual([failing])
    await app.evaluate(({ BrowserWindow }) => {
      const contents = BrowserWindow.getAllWindows()[0]?.webContents
      contents?.session.webRequest.onBeforeRequest((_request, answer) => answer({}))
      contents?.reload()
    })
    await expectPage(app, WELCOME)
    expect(await log(window)).toContain('page-recovery cause=not-started')

    await window.willAnswer('Continue')
    for (let fall = 0; fall < 4; fall++) {
      await app.evaluate(({ app: own }) => own.emit('child-process-gone', {}, { type: 'GPU', reason: 'crashed' }))
    }
    await expect
      .poll(() => window.asked())
      .toEqual([{ message: 'The graphics of the window keep failing', answer: 'Continue' }])
  } finally {
    await window.close()
  }
})

test('an engine that falls again and again is asked about; one that falls while the app quits is not', async () => {
  const window = await openDesktop()
  const { app } = window
  try {
    await window.willAnswer('Start Again')
    for (let fall = 0; fall < 4; fall++) await killEngine(app)
    await expect
      .poll(() => window.asked())
      .toEqual([{ message: 'Coffer ended by itself, several times.', answer: 'Start Again' }])
    await expectPage(app, WELCOME)

    const engine = (await enginePid(app)) ?? 0
    process.kill(engine, 'SIGSTOP')
    await app.evaluate(({ app: own }) => own.quit())
    await expect
      .poll(() => app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.isVisible()))
      .toBe(false)
    process.kill(engine, 'SIGKILL')
    await window.ended
    const entries = (await log(window)).split('\n').map((line) => line.split(' ')[2])
    expect(entries.filter((entry) => entry === 'engine-failed')).toHaveLength(1)
    expect(entries).toContain('engine-ended-early')
  } finally {
    await window.close()
  }
})

test('waiting for the keychain is said, and quitting works meanwhile', async () => {
  test.skip(process.platform !== 'linux', 'the keychain of the test is GNOME Keyring')
  const keyring = await startStoppedKeyring()
  try {
    for (const end of ['quit', 'unlock']) {
      const window = await openDesktop({ env: keyring.env })
      const { app, page } = window
      try {
        await page.getByRole('button', { name: WELCOME }).click()
        const notice = page.getByText('Waiting for this system’s keychain')
        await expect(notice).toBeVisible()
        if (end === 'quit') {
          const since = performance.now()
          await app.evaluate(({ app: own }) => own.quit())
          await window.ended
          // The engine has stopped by itself, before it would have been ended.
          expect(performance.now() - since).toBeLessThan(7_000)
        } else {
          keyring.goOn()
          await expect(page.getByRole('grid', { name: 'Files in vault' })).toBeVisible()
          await expect(notice).toBeHidden()
        }
      } finally {
        await window.close()
      }
    }
  } finally {
    await keyring.end()
  }
})
