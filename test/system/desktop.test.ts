import { once } from 'node:events'
import { existsSync, statSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { RPCLink } from '@orpc/client/message-port'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { createClient, type CofferClient } from '../../electron/api/client.ts'
import * as electron from '../support/electron.ts'
import { temporaryFolder } from '../support/files.ts'

/* The desktop app's main process as it is built, with its real engine and This computer, over a stand-in for Electron. */

vi.mock('electron', () => electron)

const { told, given, contents, ipcMain, app, fromFrame } = electron
const OWN = 'coffer://app/'

let folder: Awaited<ReturnType<typeof temporaryFolder>>
let client: CofferClient

beforeAll(async () => {
  folder = await temporaryFolder()
  vi.stubEnv('COFFER_HOME', join(folder.path, 'home'))
  vi.stubEnv('NODE_DEBUG', 'nothing')
  await import(resolve('dist/main.js'))
  await vi.waitFor(() => expect(told.loaded).toBe(OWN), { timeout: 60_000 })
  client = connect()
})
afterAll(async () => {
  for (const { process } of told.forks) await process.forked.end()
  vi.unstubAllEnvs()
  await folder.remove()
})

/** What the page does at its start. */
function connect(): CofferClient {
  ipcMain.emit('port', fromFrame(OWN))
  const port = contents.ports.at(-1)
  if (port === undefined) throw new Error('no port came')
  const made = createClient(new RPCLink({ port }))
  port.start()
  return made
}

async function call(channel: string, ...args: unknown[]): Promise<unknown> {
  return await ipcMain.handlers.get(channel)?.(fromFrame(OWN), ...args)
}

function isAllowed(url: string): boolean {
  let cancelled = true
  given.request?.({ url }, ({ cancel }) => (cancelled = cancel))
  return !cancelled
}

describe('the window, by the points of Electron’s security checklist', () => {
  it('is sandboxed and apart from Node, with web security, in memory, and without a network speller', () => {
    expect(told.sandboxed).toBe(true)
    expect(told.window.webPreferences).toMatchObject({
      contextIsolation: true,
      sandbox: true,
      webSecurity: true,
      nodeIntegration: false,
      nodeIntegrationInWorker: false,
      nodeIntegrationInSubFrames: false,
      allowRunningInsecureContent: false,
      experimentalFeatures: false,
      webviewTag: false,
      spellcheck: false,
      devTools: false,
    })
    expect(told.partition).not.toMatch(/^persist:/)
  })

  it('is served from its own scheme, each file with the policy, and nothing from elsewhere', async () => {
    const page = await given.serve?.(new Request(OWN))
    expect(page?.status).toBe(200)
    expect(page?.headers.get('content-security-policy')).toMatch(
      /^default-src 'none'; script-src 'self'; style-src 'self';/,
    )
    expect(await page?.text()).toContain('<title>Coffer</title>')
    for (const url of ['coffer://other/', 'coffer://app/../../package.json', 'coffer://app/assets/..%2f..%2fmain.js']) {
      const refused = await given.serve?.(new Request(url))
      expect([url, refused?.status]).toEqual([url, 404])
      expect(refused?.headers.get('content-security-policy')).toContain("default-src 'none'")
    }
  })

  it.each([
    [OWN, true],
    ['blob:coffer://app/1b9d6bcd', true],
    ['coffer://other/', false],
    ['https://example.com/', false],
    ['http://127.0.0.1:1/', false],
    ['ws://127.0.0.1:1/', false],
    ['file:///etc/passwd', false],
    ['data:text/html,x', false],
    ['blob:https://example.com/1', false],
  ])('may ask for %s: %s', (url, allowed) => {
    expect(isAllowed(url)).toBe(allowed)
  })

  it('is refused every permission but copying', () => {
    const asked = (name: string): boolean => {
      let allowed = true
      given.permission?.(null, name, (yes) => (allowed = yes))
      return allowed
    }
    for (const name of [
      'media',
      'geolocation',
      'notifications',
      'openExternal',
      'clipboard-read',
      'usb',
      'fileSystem',
    ]) {
      expect([name, asked(name), given.check?.(null, name, OWN)]).toEqual([name, false, false])
    }
    expect([asked('clipboard-sanitized-write'), given.check?.(null, 'clipboard-sanitized-write', OWN)]).toEqual([
      true,
      true,
    ])
    expect(given.check?.(null, 'clipboard-sanitized-write', 'https://example.com/')).toBe(false)
  })

  it('goes nowhere, opens nothing and holds no other page', () => {
    const goes = (event: string, facts: object): boolean => {
      let prevented = false
      contents.emit(event, { ...facts, preventDefault: () => (prevented = true) })
      return !prevented
    }
    expect(goes('will-frame-navigate', { url: 'https://example.com/', isMainFrame: true })).toBe(false)
    expect(goes('will-frame-navigate', { url: OWN, isMainFrame: false })).toBe(false)
    expect(goes('will-frame-navigate', { url: OWN, isMainFrame: true })).toBe(true)
    expect(goes('will-redirect', { url: OWN })).toBe(false)
    expect(goes('will-attach-webview', {})).toBe(false)
    expect(given.openWindow?.()).toEqual({ action: 'deny' })
  })

  it.each([
    ['another origin', fromFrame('https://example.com/')],
    ['another host of the scheme', fromFrame('coffer://other/')],
    ['a frame in the page', fromFrame(OWN, { isTop: false })],
    ['another page', fromFrame(OWN, { sender: {} })],
  ])('is heard itself, and not %s', (_, event) => {
    const before = contents.ports.length
    ipcMain.emit('port', event)
    expect(contents.ports).toHaveLength(before)
    expect(() => ipcMain.handlers.get('drop')?.(event, ['/etc/passwd'])).toThrow('may not ask')
  })

  it.each([['drop', 'no list'], ['drop', [1]], ['pick', 'everything'], ['save-path', {}, 'x'], ['save-folder']])(
    'is not heard if what it says has another shape: %s',
    async (channel, ...args) => {
      await expect(call(channel, ...args)).rejects.toThrow()
    },
  )
})

describe('paths', () => {
  it('are the window’s to name once a person gave them', async () => {
    const path = join(folder.path, 'letter.txt')
    writeFileSync(path, 'hello')
    const put = () => client.transfers.put({ bucket: 'vault', key: '', paths: [path], mode: 'sse-s3' })
    await expect(put()).rejects.toThrow('may not read')
    const dropped = await call('drop', [path, join(folder.path, 'gone'), 'relative'])
    expect(dropped).toEqual([{ path, name: 'letter.txt', folder: false, bytes: 5 }])
    await put()
    await vi.waitFor(() => client.objects.inspect({ bucket: 'vault', key: 'letter.txt' }), {
      timeout: 60_000,
      interval: 200,
    })
  })

  it('of a kit come with that of its sheet', async () => {
    const path = join(folder.path, 'mine.age')
    expect(await call('save-path', folder.path, 'mine.age')).toEqual({ path, replaces: false })
    const key = await client.keys.create({ name: 'mine' })
    const { passphrase } = await client.keys.newPassphrase({})
    const sheet = join(folder.path, 'mine.html')
    await client.keys.kit({ keys: [key.id], path, passphrase, sheet })
    expect(existsSync(sheet)).toBe(true)
    const other = client.keys.kit({
      keys: [key.id],
      path,
      passphrase,
      sheet: join(folder.path, 'x.html'),
    })
    await expect(other).rejects.toThrow('may not save')
    // The dialog has asked about the file that is there now, and nobody has to be asked again.
    expect(await call('save-path', folder.path, 'mine.age')).toEqual({ path, replaces: true })
  })

  it('of a drag lie in a folder of its own, and nothing else can be dragged', async () => {
    const to = String(await call('drag-folder'))
    expect(statSync(to).mode & 0o077).toBe(0)
    const paths: string[] = []
    for await (const event of await client.objects.get({ bucket: 'vault', key: 'letter.txt', to: `${to}/` })) {
      if (event.kind === 'file-done') paths.push(event.path)
    }
    for (const path of ['/etc/passwd', join(folder.path, 'letter.txt'), ...paths]) {
      await call('drag-ready', path)
      expect(await call('start-drag', path)).toBe(path.startsWith(to))
    }
    expect(told.dragged).toEqual([join(to, 'letter.txt')])
    expect(await readFile(join(to, 'letter.txt'), 'utf8')).toBe('hello')
    expect(dirname(to)).toBe(join(told.userData, 'drag'))
  })

  it('are shown in the file manager if they are there, and never over the network', () => {
    for (const path of ['relative', '\\\\host\\share', join(folder.path, 'gone'), folder.path]) {
      ipcMain.emit('reveal', fromFrame(OWN), path)
    }
    expect(told.shownInFolder).toEqual([folder.path])
  })
})

describe('the processes beside the main one', () => {
  it('are the engine and, by its order alone, This computer; neither knows NODE_DEBUG', () => {
    expect(told.forks.map(({ program }) => program)).toEqual([resolve('dist/engine.js'), resolve('dist/localcloud.js')])
    for (const { env, process } of told.forks) {
      expect(env.NODE_DEBUG).toBeUndefined()
      expect(process.forked.child.spawnargs.join(' ')).not.toMatch(/secret|rootKey/i)
      expect(JSON.stringify(process.forked.said)).not.toMatch(/secretAccessKey|rootKey/)
    }
  })

  it('are started again when they fall: the window begins anew, and what was granted holds', async () => {
    const fallen = told.forks[0]?.process
    if (fallen === undefined) throw new Error('no engine')
    const exit = once(fallen, 'exit')
    fallen.kill()
    await exit
    await expect.poll(() => told.reloads).toBe(1)
    client = connect()
    await expect(client.keys.import({ from: { path: join(folder.path, 'letter.txt') } })).rejects.not.toThrow(
      'may not read',
    )
    expect((await client.keys.list({})).map(({ name }) => name)).toEqual(['mine'])
    expect(told.errors).toEqual([])
  })

  it('end with the app, after transfers came to rest, and no dragged file is left', async () => {
    app.quit()
    expect(told.exits).toEqual([])
    await expect.poll(() => told.exits).toEqual(['quit'])
    expect(existsSync(join(told.userData, 'drag'))).toBe(false)
    const engines = told.forks.filter(({ program }) => program.endsWith('engine.js'))
    expect(engines).toHaveLength(2)
    for (const { process } of engines) expect(process.forked.child.signalCode).toBe('SIGKILL')
  })
})
