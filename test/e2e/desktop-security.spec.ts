import type { ElectronApplication, Page } from '@playwright/test'
import type { WebPreferences } from 'electron'
import { once } from 'node:events'
import { existsSync, statSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import { noise, writeFiles } from '../support/files.ts'
import { openDesktop } from './support/desktop.ts'
import { drop, seal, tryHere } from './support/person.ts'
import { expect, test } from './support/test.ts'

/* The desktop app by Electron's security checklist, as Electron itself carries it out. */

const OWN = 'coffer://app/'

/** Electron's typings leave this out. */
interface Inspectable {
  getLastWebPreferences(): WebPreferences | null
}

/** A page in the window's own session tries to open this address, without anything in its way but the session. */
async function opens(app: ElectronApplication, url: string): Promise<string> {
  return app.evaluate(async ({ BrowserWindow }, address) => {
    const session = BrowserWindow.getAllWindows()[0]?.webContents.session
    if (session === undefined) return 'no window'
    const other = new BrowserWindow({ show: false, webPreferences: { session } })
    try {
      await other.loadURL(address)
      return 'opened'
    } catch (error) {
      return (error as { code?: string }).code ?? String(error)
    } finally {
      other.destroy()
    }
  }, url)
}

/** What an expression of the page's comes to, or how it fails. */
async function outcome(page: Page, expression: string): Promise<unknown> {
  return page.evaluate(`(async () => ${expression})().catch((error) => 'failed: ' + (error.name ?? error))`)
}

async function commandLines(pids: number[], file: 'cmdline' | 'environ'): Promise<string[]> {
  return Promise.all(pids.map((pid) => readFile(`/proc/${pid}/${file}`, 'utf8')))
}

test('the window is apart from the system, the network and every other page', async () => {
  const requests: string[] = []
  const server = createServer((request, answer) => {
    requests.push(request.url ?? '')
    answer.end('reached')
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const elsewhere = `127.0.0.1:${(server.address() as AddressInfo).port}`
  const window = await openDesktop()
  const { app, page } = window
  try {
    await test.step('no permission but copying', async () => {
      await page.locator('body').click({ position: { x: 5, y: 5 } })
      expect(await outcome(page, `navigator.clipboard.writeText('x').then(() => 'copied')`)).toBe('copied')
      expect(await outcome(page, 'navigator.clipboard.readText()')).toBe('failed: NotAllowedError')
      expect(await outcome(page, 'Notification.requestPermission()')).toBe('denied')
      expect(await outcome(page, 'navigator.mediaDevices.getUserMedia({ audio: true })')).toMatch(/^failed/)
      expect(
        await outcome(
          page,
          'new Promise((_, no) => navigator.geolocation.getCurrentPosition(() => 0, (e) => no(e.code)))',
        ),
      ).toBe('failed: 1')
      for (const name of ['camera', 'geolocation', 'notifications', 'clipboard-read', 'midi']) {
        const state = await outcome(page, `(await navigator.permissions.query({ name: '${name}' })).state`)
        expect([name, state]).toEqual([name, 'denied'])
      }
    })

    await test.step('its preferences', async () => {
      const preferences = await app.evaluate(({ BrowserWindow }) => {
        const [contents] = BrowserWindow.getAllWindows().map(({ webContents }) => webContents)
        return {
          ...(contents as Inspectable | undefined)?.getLastWebPreferences(),
          session: undefined,
          isPersistent: contents?.session.isPersistent(),
          storagePath: contents?.session.storagePath,
        }
      })
      expect(preferences).toMatchObject({
        contextIsolation: true,
        sandbox: true,
        webSecurity: true,
        nodeIntegration: false,
        nodeIntegrationInSubFrames: false,
        allowRunningInsecureContent: false,
        experimentalFeatures: false,
        webviewTag: false,
        isPersistent: false,
        storagePath: null,
      })
      expect(await page.evaluate(`[typeof require, typeof process, typeof Buffer]`)).toEqual(Array(3).fill('undefined'))
      expect(
        await app.evaluate(({ app: own }) =>
          own
            .getAppMetrics()
            .filter((one) => one.type === 'Tab')
            .map((one) => one.sandboxed),
        ),
      ).not.toContain(false)
    })

    await test.step('its pages: files of the app, each with the policy', async () => {
      const get = (url: string) =>
        app.evaluate(async ({ BrowserWindow }, address) => {
          const answer = await BrowserWindow.getAllWindows()[0]?.webContents.session.fetch(address)
          const policy = answer?.headers.get('content-security-policy') ?? ''
          return { status: answer?.status, policy, text: (await answer?.text()) ?? '' }
        }, url)
      const own = await get(OWN)
      expect(own).toMatchObject({ status: 200, text: expect.stringContaining('<title>Coffer</title>') })
      expect(own.policy).toMatch(/^default-src 'none'; script-src 'self'; style-src 'self';/)
      for (const url of ['coffer://app/../../package.json', 'coffer://app/assets/..%2f..%2fmain.js']) {
        const refused = await get(url)
        expect([url, refused.status]).toEqual([url, 404])
        expect(refused.policy).toContain("default-src 'none'")
      }
    })

    await test.step('no other address', async () => {
      for (const url of ['coffer://other/', 'https://example.com/', `http://${elsewhere}/`, 'file:///etc/passwd']) {
        expect([url, await opens(app, url)]).toEqual([url, 'ERR_BLOCKED_BY_CLIENT'])
      }
      expect(await outcome(page, `fetch('http://${elsewhere}/')`)).toMatch(/^failed/)
      await outcome(page, `new Promise((end) => (new WebSocket('ws://${elsewhere}/').onerror = end))`)
      expect(requests).toEqual([])
    })

    await test.step('no other page in it or beside it', async () => {
      await page.evaluate(`location.href = 'https://example.com/'`)
      await page.evaluate(`document.body.append(Object.assign(document.createElement('iframe'), { src: '${OWN}' }))`)
      await page.evaluate(`document.body.append(Object.assign(document.createElement('webview'), { src: '${OWN}' }))`)
      expect(await page.evaluate(`window.open('${OWN}')`)).toBeNull()
      expect(page.url()).toMatch(/^coffer:\/\/app\//)
      expect(await app.evaluate(({ webContents }) => webContents.getAllWebContents().length)).toBe(1)
      expect(
        page
          .frames()
          .map((frame) => frame.url())
          .filter((url) => url !== page.url()),
      ).not.toContain(OWN)
    })

    await test.step('nobody but its page is heard, and nothing of another shape', async () => {
      // The same page with the same preload script, in a window that is not the app's.
      const heard = await app.evaluate(async ({ app: own, BrowserWindow }, address) => {
        const session = BrowserWindow.getAllWindows()[0]?.webContents.session
        if (session === undefined) return 'no window'
        const preload = `${own.getAppPath()}/dist/preload.cjs`
        const other = new BrowserWindow({ show: false, webPreferences: { session, preload, sandbox: true } })
        try {
          await other.loadURL(address)
          const ask = `cofferBridge.pick('files').then(() => 'heard', (error) => error.message)`
          return (await other.webContents.executeJavaScript(ask)) as string
        } finally {
          other.destroy()
        }
      }, OWN)
      expect(heard).toContain('may not ask')
      for (const call of [
        `pick('everything')`,
        `savePath({}, 'x')`,
        `saveFolder()`,
        `drop([1])`,
        `drop('no list')`,
        `setAppSettings({ startAtLogin: 'yes' })`,
        `setAppSettings({ program: '/bin/sh' })`,
      ]) {
        expect([call, await outcome(page, `cofferBridge.${call}`)]).toEqual([call, expect.stringMatching(/^failed/)])
      }
    })
  } finally {
    await window.close()
    server.close()
  }
})

/** What is said, but for what Chromium and GLib say of services that a bare desktop lacks: no bus, no notifications. */
function withoutSystem(stderr: string): string {
  const lines = stderr.split('\n').filter((line) => line.trim() !== '')
  return lines
    .filter(
      (line) => !/^\(electron:\d+\): libnotify-|^\[\d+:\d+\/[\d.]+:ERROR:(?:libnotify_notification|bus)\.cc/.test(line),
    )
    .join('\n')
}

test('many paths are granted without a word on stderr; drags and the file manager get what they may', async () => {
  const window = await openDesktop({ env: { NODE_DEBUG: 'nothing' } })
  const { app, page, person } = window
  let stderr = ''
  app.process().stderr?.on('data', (data: Buffer) => (stderr += data.toString()))
  try {
    await tryHere(page)
    const files = Object.fromEntries(Array.from({ length: 20 }, (_, at) => [`f${at}.txt`, noise(100, `f${at}`)]))
    await writeFiles(person, { ...files, 'folder/inside.txt': noise(100, 'inside') })
    stderr = ''
    const dropped = [...Object.keys(files), 'folder'].map((name) => join(person, name))
    await drop(page, ...dropped, join(person, 'gone'))
    await seal(page, 'SSE-S3')
    await expect(page.getByText('Sealed 21 files into vault').first()).toBeVisible({ timeout: 30_000 })
    expect(withoutSystem(stderr)).toBe('')

    const recorded = await recordSystem(app)
    const to = await page.evaluate<string>('cofferBridge.dragFolder()')
    expect(dirname(to)).toBe(await app.evaluate(({ app: own }) => `${own.getPath('userData')}/drag`))
    expect(statSync(to).mode & 0o077).toBe(0)
    await writeFile(join(to, 'letter.txt'), 'hello')
    for (const path of ['/etc/passwd', join(person, 'f1.txt'), join(to, 'letter.txt')]) {
      await outcome(page, `cofferBridge.dragReady(${JSON.stringify(path)})`)
      const begins = await outcome(page, `cofferBridge.startDrag(${JSON.stringify(path)})`)
      expect([path, begins]).toEqual([path, path.startsWith(to)])
    }
    await expect.poll(recorded('dragged')).toEqual([join(to, 'letter.txt')])
    for (const path of ['relative', '\\\\host\\share', join(person, 'gone'), person]) {
      await page.evaluate(`cofferBridge.reveal(${JSON.stringify(path)})`)
    }
    await expect.poll(recorded('revealed')).toEqual([person])

    // Of a kit, the sheet beside it.
    const kit = JSON.stringify([person, 'mine.age']).slice(1, -1)
    const path = join(person, 'mine.age')
    expect(await page.evaluate(`cofferBridge.savePath(${kit})`)).toEqual({ path, replaces: false })
    await writeFile(path, 'here')
    expect(await page.evaluate(`cofferBridge.savePath(${kit})`)).toEqual({ path, replaces: true })

    const forked = await app.evaluate(({ app: own }) =>
      own
        .getAppMetrics()
        .filter(({ serviceName }) => serviceName === 'node.mojom.NodeService')
        .map(({ pid }) => pid),
    )
    expect(forked).toHaveLength(2)
    for (const text of await commandLines(forked, 'environ')) expect(text).not.toContain('NODE_DEBUG')
    for (const text of await commandLines(forked, 'cmdline')) expect(text).not.toMatch(/secret|rootKey/i)
    await window.close()
    expect(existsSync(dirname(to))).toBe(false)
  } finally {
    await window.close()
  }
})

type Recording = typeof globalThis & { dragged: string[]; revealed: string[] }

/** Nobody holds a mouse button down here, and there is no file manager: writes down what the system would be told. */
async function recordSystem(
  app: ElectronApplication,
): Promise<(of: 'dragged' | 'revealed') => () => Promise<string[]>> {
  await app.evaluate(({ BrowserWindow, shell }) => {
    const record = globalThis as Recording
    record.dragged = []
    record.revealed = []
    shell.showItemInFolder = (path) => void record.revealed.push(path)
    const contents = BrowserWindow.getAllWindows()[0]?.webContents
    if (contents !== undefined) contents.startDrag = ({ file }) => void record.dragged.push(file)
  })
  return (of) => () => app.evaluate((_, list) => (globalThis as Recording)[list], of)
}
