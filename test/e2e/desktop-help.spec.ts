import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { ElectronApplication } from '@playwright/test'
import { openDesktop } from './support/desktop.ts'
import { electronRuntime } from './support/hosts.ts'
import { PASSPHRASE_WORK, notices, runCommand, saveKit, tryHere } from './support/person.ts'
import { expect, test } from './support/test.ts'
import { isAlive } from './support/window.ts'

/* What only the desktop app has: the menu of a right click, the log, crash dumps, and files that open it. */

const PASSPHRASE = 'seven horses run at night'

interface Popped {
  role: string
  enabled: boolean
}

/** In the app's main process: the menus that came up, and what was opened in other programs. */
type Recording = typeof globalThis & { popped?: Popped[][]; shown?: string[] }

/** Nobody is there to close a menu or another program. */
async function record(app: ElectronApplication): Promise<void> {
  await app.evaluate(({ Menu, shell }) => {
    const popped: Popped[][] = []
    const shown: string[] = []
    Object.assign(globalThis, { popped, shown })
    Menu.prototype.popup = function () {
      popped.push(this.items.map(({ role, enabled }) => ({ role: String(role), enabled })))
    }
    shell.openPath = (path) => {
      shown.push(path)
      return Promise.resolve('')
    }
  })
}

/** What can be chosen in the last menu that came up. */
async function lastMenu(app: ElectronApplication): Promise<string[]> {
  const popped = await app.evaluate(() => (globalThis as Recording).popped?.at(-1) ?? [])
  return popped.filter(({ enabled }) => enabled).map(({ role }) => role.toLowerCase())
}

/** The dumps that are there, by the types of their processes. */
async function dumps(folder: string): Promise<string[]> {
  const found = await readdir(folder, { recursive: true })
  const paths = found.filter((name) => name.endsWith('.dmp')).map((name) => join(folder, name))
  for (const path of paths) expect((await stat(path)).mode & 0o777).toBe(0o600)
  const texts = await Promise.all(paths.map((path) => readFile(path, 'latin1')))
  return texts.map(
    (text) => ['renderer', 'utility'].find((type) => new RegExp(`ptype\\0+.\\0+${type}`).test(text)) ?? '',
  )
}

test('a right click copies and pastes, the log opens, and a crash leaves no dump of what holds keys', async () => {
  const window = await openDesktop()
  try {
    const { app, page, home } = window
    const logs = join(home, 'desktop', 'logs')
    await tryHere(page)
    await record(app)

    await app.evaluate(({ clipboard }) => clipboard.writeText('copied elsewhere'))
    const search = page.getByRole('searchbox', { name: /^Search this/ })
    await search.fill('letter')
    await search.selectText()
    await search.click({ button: 'right' })
    await expect.poll(() => lastMenu(app)).toEqual(expect.arrayContaining(['cut', 'copy', 'paste', 'selectall']))
    await search.fill('')
    await page.getByRole('link', { name: 'Keys', exact: true }).click()
    await page.getByRole('button', { name: 'Restore kit' }).click()
    const secret = page.getByLabel('Passphrase')
    await secret.fill('a secret')
    await secret.selectText()
    await secret.click({ button: 'right' })
    await expect.poll(() => lastMenu(app), 'of a password field').not.toContain('copy')
    expect(await lastMenu(app)).not.toContain('cut')
    expect(await lastMenu(app)).toEqual(expect.arrayContaining(['paste', 'selectall']))
    await page.keyboard.press('Escape')

    const log = join(logs, 'coffer.log')
    await runCommand(page, 'Open the log')
    await app.evaluate(({ Menu }) => {
      const help = Menu.getApplicationMenu()?.items.find(({ role }) => role === 'help')
      help?.submenu?.items.find(({ label }) => label === 'Open Log')?.click()
    })
    await expect.poll(() => app.evaluate(() => (globalThis as Recording).shown)).toEqual([log, log])
    expect(await readFile(log, 'utf8')).toMatch(
      / main app-started coffer=v\S+ electron=v\S+ .*\n(?:.*\n)*.* engine engine-started\n/,
    )
    expect((await stat(log)).mode & 0o777).toBe(0o600)
    expect((await stat(logs)).mode & 0o077).toBe(0)

    const engine = await app.evaluate(({ app: own }) => own.getAppMetrics().find(({ name }) => name === 'Coffer')?.pid)
    if (engine === undefined) throw new Error('no engine')
    process.kill(engine, 'SIGSEGV')
    await expect.poll(() => isAlive(engine)).toBe(false)
    await expect
      .poll(() => readFile(log, 'utf8'))
      .toMatch(/ process-gone type=Utility name=engine reason=\w+ exitCode=11\n/)
    await app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.webContents.forcefullyCrashRenderer())
    await expect.poll(() => readFile(log, 'utf8')).toMatch(/ page-gone reason=crashed exitCode=11\n/)
    await expect.poll(() => readFile(log, 'utf8')).toMatch(/ dumps-removed removed=1\n/)
    expect(await dumps(join(logs, 'crashes'))).toEqual(['renderer'])
  } finally {
    await window.close()
  }
})

test('a recovery kit opens Coffer where it is restored, when it starts and when it runs', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'coffer-opened-'))
  await mkdir(join(folder, 'person'))
  const noKit = join(folder, 'person', 'letter.age')
  await writeFile(noKit, 'Dear niece')
  const window = await openDesktop({ folder, args: [noKit] })
  try {
    const { page, person, home } = window
    const dialog = page.getByRole('dialog', { name: 'Restore a recovery kit' })
    await expect(dialog).toContainText(noKit)
    await dialog.getByLabel('Passphrase').fill(PASSPHRASE)
    await dialog.getByRole('button', { name: 'Restore', exact: true }).click()
    await expect(dialog.getByRole('alert')).toContainText(/kit/)
    await page.keyboard.press('Escape')
    await expect(dialog).toBeHidden()

    await page.getByRole('button', { name: 'New key' }).first().click()
    const make = page.getByRole('dialog', { name: 'New key' })
    await make.getByLabel('Name').fill('family')
    await make.getByRole('button', { name: 'Make key' }).click()
    await saveKit(page, PASSPHRASE)
    const downloads = join(person, 'Downloads')
    const kit = join(downloads, (await readdir(downloads)).find((name) => name.endsWith('.age')) ?? '')

    await page.getByRole('link', { name: 'Activity' }).click()
    const runtime = electronRuntime()
    const second = spawn(runtime?.program ?? '', [resolve(runtime?.app ?? ''), kit], {
      stdio: 'ignore',
      env: { ...process.env, COFFER_HOME: home, HOME: person },
    })
    expect(await once(second, 'exit')).toEqual([0, null])
    await expect(dialog).toContainText(kit)
    await dialog.getByLabel('Passphrase').fill(PASSPHRASE)
    await dialog.getByRole('button', { name: 'Restore', exact: true }).click()
    await expect(notices(page).getByText('1 key restored')).toBeVisible({ timeout: PASSPHRASE_WORK })
  } finally {
    await window.close()
    await rm(folder, { recursive: true, force: true, maxRetries: 5 })
  }
})
