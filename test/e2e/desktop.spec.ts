import type { ElectronApplication } from '@playwright/test'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { noise, writeFiles } from '../support/files.ts'
import { openDesktop, type DesktopWindow } from './support/desktop.ts'
import { drop, limitUploads, openBucket, row, seal, tryHere } from './support/person.ts'
import { expect, test } from './support/test.ts'
import { startDesktopShell } from './support/desktop-shell.ts'
import { isAlive } from './support/window.ts'

/* What the desktop app does around its window: in the background, at its end, and after a fall. */

// The tray is one for all apps on the session bus.
test.describe.configure({ mode: 'default' })

const isVisible = (app: ElectronApplication): Promise<boolean> =>
  app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.isVisible() ?? false)

const closeWindow = (app: ElectronApplication): Promise<void> =>
  app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.close())

const hideWindow = (app: ElectronApplication): Promise<void> =>
  app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.hide())

/** Blockers are numbered from zero. */
const isKeptAwake = (app: ElectronApplication): Promise<boolean> =>
  app.evaluate(({ powerSaveBlocker }) => Array.from({ length: 20 }).some((_, id) => powerSaveBlocker.isStarted(id)))

async function pidOf(app: ElectronApplication, isMeant: 'Coffer' | 'Tab'): Promise<number> {
  const all = await app.evaluate(({ app: own }) =>
    own.getAppMetrics().map(({ pid, name, type }) => ({ pid, name, type })),
  )
  const found = all.find(({ name, type }) => (name ?? type) === isMeant || type === isMeant)
  if (found === undefined) throw new Error(`no process ${isMeant}`)
  return found.pid
}

/** An upload that takes half a minute. */
async function beginUpload({ page, person }: DesktopWindow): Promise<void> {
  await writeFiles(person, { 'film.bin': noise(30_000_000, 'film') })
  await tryHere(page)
  await limitUploads(page, '1')
  await openBucket(page, 'vault')
  await drop(page, join(person, 'film.bin'))
  await seal(page, 'SSE-S3')
}

test('it runs in the background: by the tray where there is one, and by a second start where there is none', async () => {
  test.skip(process.platform !== 'linux', 'the tray of the test is one of Linux desktops')
  const window = await openDesktop()
  const { app, page, home } = window
  const pid = app.process().pid
  const engine = await pidOf(app, 'Coffer')
  const ask = { message: 'Transfers are under way' }
  expect(await isKeptAwake(app)).toBe(false)
  await beginUpload(window)
  await expect.poll(() => isKeptAwake(app), 'while the engine transfers').toBe(true)

  // No tray: closing quits, and the person may keep it running.
  await window.willAnswer('Cancel', 'Keep Running in the Background')
  await closeWindow(app)
  await expect.poll(() => window.asked()).toEqual([{ ...ask, answer: 'Cancel' }])
  expect(await isVisible(app)).toBe(true)
  await closeWindow(app)
  await expect.poll(() => isVisible(app)).toBe(false)
  expect(await window.asked()).toEqual([{ ...ask, answer: 'Keep Running in the Background' }])
  await window.startAgain('--background')
  expect(await isVisible(app), 'a start at login shows nothing').toBe(false)
  await window.startAgain()
  await expect.poll(() => isVisible(app)).toBe(true)

  const shell = await startDesktopShell()
  try {
    const texts = async () => (await shell.item(pid))?.menu
    await expect
      .poll(texts)
      .toEqual([
        expect.stringMatching(/^Transferring: 0 of 1 file/),
        'Open Coffer',
        'Pause All Transfers',
        'Quit Coffer',
      ])
    await shell.press(pid, 'Pause All Transfers')
    await expect.poll(texts).toEqual(['Transfers are paused', 'Open Coffer', 'Resume All Transfers', 'Quit Coffer'])
    expect((await shell.item(pid))?.tip).toBe('Coffer: Transfers are paused')
    await expect.poll(() => isKeptAwake(app), 'nothing runs').toBe(false)
    await shell.press(pid, 'Resume All Transfers')
    await expect.poll(async () => (await texts())?.[0]).toMatch(/^Transferring/)

    // Asked once, and remembered.
    await window.willAnswer('Keep Running')
    await closeWindow(app)
    await expect.poll(() => isVisible(app)).toBe(false)
    await shell.press(pid, 'Open Coffer')
    await expect.poll(() => isVisible(app)).toBe(true)
    await closeWindow(app)
    await expect.poll(() => isVisible(app)).toBe(false)
    expect(await window.asked()).toEqual([
      { message: 'Keep Coffer running when its window is closed?', answer: 'Keep Running' },
    ])
    await shell.press(pid, 'Open Coffer')
    await expect.poll(() => isVisible(app)).toBe(true)

    await page.getByRole('link', { name: 'Settings' }).click()
    const stays = page.getByRole('checkbox', { name: 'Keep Coffer in the tray when its window is closed' })
    await expect(stays).toBeChecked()
    await stays.uncheck()
    await expect
      .poll(async () => JSON.parse(await readFile(join(home, 'desktop', 'desktop.json'), 'utf8')) as unknown)
      .toMatchObject({ closeToTray: false })

    const entry = await app.evaluate(({ app: own }) => own.getPath('appData'))
    const file = join(entry, 'autostart', 'coffer.desktop')
    const atLogin = page.getByRole('checkbox', { name: 'Start Coffer when you log in' })
    await expect(atLogin).not.toBeChecked()
    await atLogin.check()
    await expect(atLogin).toBeChecked()
    expect(await readFile(file, 'utf8')).toMatch(/^Exec="env" "COFFER_HOME=.*" ".*electron" ".*" "--background"$/m)
    await atLogin.uncheck()
    await expect.poll(() => existsSync(file)).toBe(false)

    await window.willAnswer('Pause and Quit')
    await shell.press(pid, 'Quit Coffer')
    await window.ended
    expect(isAlive(engine)).toBe(false)
    expect(existsSync(join(home, 'desktop', 'drag'))).toBe(false)
  } finally {
    await shell.end()
    await window.close()
  }
})

test('started at login, its window is hidden; asked to end by the system, it asks nobody', async () => {
  const window = await openDesktop({ args: ['--background'] })
  const { app, page } = window
  try {
    await expect(page.getByRole('button', { name: 'Try on this computer' })).toBeVisible()
    expect(await isVisible(app)).toBe(false)
    await window.startAgain()
    await expect.poll(() => isVisible(app)).toBe(true)
    await beginUpload(window)
    await expect.poll(() => isKeptAwake(app)).toBe(true)
    await window.willAnswer('Cancel')
    app.process().kill('SIGTERM')
    await window.ended
  } finally {
    await window.close()
  }
})

test('a notification waits for its click, and then shows what it tells of', async () => {
  test.skip(process.platform !== 'linux', 'the notifications of the test are those of Linux desktops')
  const shell = await startDesktopShell()
  const window = await openDesktop()
  const { app, page, person } = window
  const pid = app.process().pid
  try {
    await tryHere(page)
    await limitUploads(page, '1')
    await openBucket(page, 'vault')
    await writeFiles(person, { 'one.txt': noise(3_000_000, 'one') })
    await drop(page, join(person, 'one.txt'))
    await seal(page, 'SSE-S3')
    await hideWindow(app)
    await expect.poll(() => shell.notifications(pid)).toEqual(['Sealed 1 file into vault'])
    // What nobody refers to is gone now.
    await app.evaluate(() => {
      process.getBuiltinModule('node:v8').setFlagsFromString('--expose-gc')
      process.getBuiltinModule('node:vm').runInNewContext('gc()')
    })
    await shell.click(pid, 'Sealed 1 file into vault')
    await expect.poll(() => isVisible(app)).toBe(true)
    await expect(page.getByRole('article', { name: 'Sealed 1 file into vault' })).toHaveAttribute(
      'aria-current',
      'true',
    )

    const tell = async (title: string, about: object): Promise<void> => {
      await hideWindow(app)
      await page.evaluate(`cofferBridge.notify(${JSON.stringify(title)}, '', ${JSON.stringify(about)})`)
    }
    await tell('A key', { kind: 'key', id: '1' })
    await expect.poll(() => shell.notifications(pid)).toEqual(['A key'])
    await shell.click(pid, 'A key')
    await expect(page.getByRole('heading', { name: 'Keys', level: 1 })).toBeVisible()
    await tell('A folder', { kind: 'folder', place: 'local', bucket: 'vault', prefix: '' })
    await expect.poll(() => shell.notifications(pid)).toEqual(['A folder'])
    await shell.click(pid, 'A folder')
    await expect(row(page, 'one.txt')).toBeVisible()
    await tell('Nonsense', { kind: 'program', path: '/bin/sh' })
    await tell('Last', { kind: 'key', id: '1' })
    await expect.poll(() => shell.notifications(pid)).toEqual(['Last'])
  } finally {
    await window.close()
    await shell.end()
  }
})
