import { once } from 'node:events'
import { chmod, mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { request, type IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { delimiter, join, resolve } from 'node:path'
import { RPCLink } from '@orpc/client/websocket'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { createClient } from '../../electron/api/client.ts'
import { sessionHeaders, socketProtocols } from '../../electron/api/contract/browser-session.ts'
import { temporaryFolder } from '../support/files.ts'
import { start, type Running } from '../support/run.ts'
import { windowAddress } from '../support/window-address.ts'

/* The window's server as it runs, against everybody else on the machine and in the browser. */

interface Answer {
  status: number
  headers: IncomingMessage['headers']
  body: string
}

let folder: Awaited<ReturnType<typeof temporaryFolder>>
let home: string
let coffer: Running
let url: URL
let cookie: string
/** The headers that the tab which used the token sends with whatever does something. */
let own: { cookie: string; authorization: string; origin: string }
let secret: string

/** A browser that writes down what it was given, and what is in the page that it was given. */
const BROWSER = `#!/bin/sh
printf '%s\\n' "$@" > "$COFFER_HOME/opened.txt"
stat -c %a "$COFFER_HOME/window.html" >> "$COFFER_HOME/opened.txt"
cp "$COFFER_HOME/window.html" "$COFFER_HOME/seen.html"
`

function open(...args: string[]): Running {
  const env = { COFFER_HOME: home, PATH: [join(folder.path, 'bin'), process.env.PATH].join(delimiter) }
  return start(process.execPath, [resolve('dist/cli.js'), 'open', '--json', ...args], { env, timeout: 170_000 })
}

async function ask(path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> {
  const asked = request({ host: '127.0.0.1', port: url.port, path, method, headers: { host: url.host, ...headers } })
  const [answer] = (await once(asked.end(), 'response')) as [IncomingMessage]
  const pieces: Buffer[] = []
  for await (const piece of answer as AsyncIterable<Buffer>) pieces.push(piece)
  return { status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(pieces).toString() }
}

function enter(address: URL): Promise<Answer> {
  return ask(address.pathname + address.search)
}

function cookieOf({ headers }: Answer): string {
  return (headers['set-cookie']?.[0] ?? '').split(';')[0] ?? ''
}

/** The status with which a WebSocket is refused; 101 if it is taken. */
async function knock(headers: Record<string, string>, path = '/engine'): Promise<number> {
  const socket = connect(Number(url.port), '127.0.0.1')
  const lines = Object.entries({ host: url.host, ...headers }).map(([name, value]) => `${name}: ${value}`)
  const upgrade = ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13']
  const key = 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=='
  socket.write(`${[`GET ${path} HTTP/1.1`, ...lines, ...upgrade, key].join('\r\n')}\r\n\r\n`)
  const [piece] = (await once(socket, 'data')) as [Buffer]
  socket.destroy()
  return Number(piece.toString().split(' ')[1])
}

beforeAll(async () => {
  folder = await temporaryFolder()
  home = join(folder.path, 'home')
  await mkdir(join(folder.path, 'bin'))
  const browser = join(folder.path, 'bin', process.platform === 'darwin' ? 'open' : 'xdg-open')
  await writeFile(browser, BROWSER)
  await chmod(browser, 0o755)
  coffer = open('--no-browser')
  url = await windowAddress(coffer)
  const entered = await enter(url)
  cookie = cookieOf(entered)
  secret = /data-secret="([\w-]{43})"/.exec(entered.body)?.[1] ?? ''
  own = { cookie, origin: url.origin, ...sessionHeaders(secret) }
})
afterAll(async () => {
  coffer.child.kill('SIGTERM')
  await coffer.ended
  await folder.remove()
})

describe('whoever has not used the token', () => {
  it('is let in with the cookie that it was exchanged for, and the token is spent', async () => {
    expect(url.hostname).toBe('127.0.0.1')
    expect((await ask('/', { cookie })).status).toBe(200)
    const again = await enter(url)
    expect(again.status).toBe(403)
    expect(again.headers['set-cookie']).toBeUndefined()
  })

  it.each([
    ['no cookie', {}],
    ['a guessed one', { cookie: 'COOKIE=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' }],
    ['the token in its place', { cookie: 'COOKIE=TOKEN' }],
  ])('is refused with %s', async (_, headers: { cookie?: string }) => {
    const [name = ''] = cookie.split('=')
    const given = headers.cookie?.replace('COOKIE', name).replace('TOKEN', url.searchParams.get('token') ?? '')
    const sent: Record<string, string> = given === undefined ? {} : { cookie: given }
    for (const path of ['/', '/index.html', '/drop/line', '/anything']) {
      expect((await ask(path, sent)).status).toBe(403)
    }
    expect(await knock({ ...sent, origin: url.origin })).toBe(403)
    expect((await ask('/drop/line', { ...sent, origin: url.origin }, 'POST')).status).toBe(403)
  })

  it.each(['', '?token=', '?token=AAAA', '?token=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'])(
    'is refused at /start%s',
    async (query) => {
      expect((await ask(`/start${query}`)).status).toBe(403)
    },
  )
})

describe('whoever has the cookie alone, which browsers send to every port of 127.0.0.1', () => {
  it('gets the files of the window, and neither a socket nor anything that does something', async () => {
    expect((await ask('/', { cookie })).status).toBe(200)
    const [, value = ''] = cookie.split('=')
    const guesses = [{}, sessionHeaders(value), sessionHeaders(`${secret}x`), { authorization: secret }]
    for (const guess of guesses) {
      const sent = { cookie, origin: url.origin, ...guess }
      expect(await knock(sent)).toBe(403)
      for (const path of ['/drop/line', '/drop/files/x', '/drop/failed/x']) {
        expect((await ask(path, sent, 'POST')).status).toBe(403)
      }
      expect((await ask('/drop/content/x', sent, 'PUT')).status).toBe(403)
    }
    expect(await knock({ cookie, origin: url.origin, 'sec-websocket-protocol': 'coffer' })).toBe(403)
    const stolen = socketProtocols(value).join(', ')
    expect(await knock({ cookie, origin: url.origin, 'sec-websocket-protocol': stolen })).toBe(403)
  })

  it('reads the secret nowhere: not in the window, and not in a start page that was used', async () => {
    for (const path of ['/', '/index.html', '/start.js', url.pathname + url.search]) {
      expect((await ask(path, { cookie })).body).not.toContain(secret)
    }
  })
})

describe('another page in the same browser', () => {
  const foreign = ['http://attacker.example', 'http://localhost:1', 'https://127.0.0.1', 'null']

  it.each(foreign)('%s opens no socket and sends nothing', async (origin) => {
    expect(await knock({ ...own, origin })).toBe(403)
    expect((await ask('/drop/line', { ...own, origin }, 'POST')).status).toBe(403)
    expect((await ask('/drop/content/x', { ...own, origin }, 'PUT')).status).toBe(403)
  })

  it('without an origin opens no socket and sends nothing', async () => {
    const rest = { cookie, authorization: own.authorization }
    expect(await knock(rest)).toBe(403)
    expect((await ask('/drop/line', rest, 'POST')).status).toBe(403)
  })

  it.each(['cross-site', 'same-site'])('embeds and fetches nothing: %s', async (site) => {
    expect((await ask('/', { cookie, 'sec-fetch-site': site })).status).toBe(403)
    expect(await knock({ ...own, 'sec-fetch-site': site })).toBe(403)
  })

  it('whose name was pointed here (DNS rebinding) is answered nothing', async () => {
    for (const host of [`attacker.example:${url.port}`, `localhost:${url.port}`, '127.0.0.1']) {
      expect([400, 421]).toContain((await ask('/', { cookie, host })).status)
      expect([400, 403]).toContain(await knock({ ...own, host, origin: `http://${host}` }))
      expect([400, 421]).toContain((await ask(url.pathname + url.search, { host })).status)
    }
  })

  it('asks for no new address: the secret for it is in a file of the person', async () => {
    for (const authorization of ['', 'Bearer ', 'Bearer x', cookie]) {
      expect((await ask('/again', { cookie, origin: url.origin, authorization }, 'POST')).status).toBe(403)
    }
    expect((await ask('/again', { cookie, origin: url.origin }, 'OPTIONS')).status).toBe(403)
    if (process.platform !== 'win32') expect((await stat(join(home, 'window.json'))).mode & 0o777).toBe(0o600)
  })
})

describe('the window itself', () => {
  it('opens its socket, and names no path that nobody gave it', async () => {
    expect(await knock(own, '/other')).toBe(403)
    const socket = new WebSocket(`ws://${url.host}/engine`, socketProtocols(secret), {
      headers: { cookie, origin: url.origin },
    })
    await once(socket, 'open')
    expect(socket.protocol).toBe('coffer')
    const client = createClient(new RPCLink({ websocket: socket as unknown as globalThis.WebSocket }))
    const { saveFolder } = await client.settings.get({})
    const where = { bucket: 'private', key: '' }
    const attempts = [
      () => client.transfers.put({ ...where, paths: ['/etc/passwd'] }),
      () => client.transfers.get({ bucket: 'private', keys: ['a'], to: `${saveFolder}/../.ssh/authorized_keys` }),
      () => client.objects.get({ ...where, to: home }),
      () => client.keys.import({ from: { path: '/etc/passwd' } }),
      () => client.keys.export({ key: 'mine', path: join(home, 'key') }),
      () => client.keys.kit({ keys: 'all', path: '/x', passphrase: 'x' }),
      () => client.settings.set({ saveFolder: home }),
    ]
    for (const attempt of attempts) await expect(attempt()).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    socket.terminate()
  })

  it('is opened again by `coffer open`, which finds the one that runs', async () => {
    const again = open('--no-browser')
    const address = await windowAddress(again)
    expect(address.host).toBe(url.host)
    expect((await again.ended).code).toBe(0)
    const other = await enter(address)
    expect(other.status).toBe(200)
    expect(other.headers['set-cookie']).toEqual([
      expect.stringMatching(/^coffer-\d+=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict$/),
    ])
    expect((await ask('/', { cookie: cookieOf(other) })).status).toBe(200)
    expect((await ask('/', { cookie })).status).toBe(200)
  })

  it.skipIf(process.platform === 'win32')(
    'is opened by a file that only the person can read, so that no list of processes has the token',
    async () => {
      const again = open()
      const address = await windowAddress(again)
      const token = address.searchParams.get('token') ?? ''
      expect(token).toMatch(/^[\w-]{43}$/)
      const opened = await poll(
        () => readFile(join(home, 'opened.txt'), 'utf8'),
        (text) => text.endsWith('600\n'),
      )
      expect(opened).toContain('window.html')
      expect(opened).not.toContain(token)
      expect(
        await poll(
          () => readFile(join(home, 'seen.html'), 'utf8'),
          (text) => text.includes('</html>'),
        ),
      ).toContain(token)
      expect((await enter(address)).status).toBe(200)
      expect((await again.ended).code).toBe(0)
      expect(existsSync(join(home, 'window.html'))).toBe(false)
    },
  )
})

it('ends at a signal, and leaves no file that says where it was', async () => {
  const other = join(folder.path, 'other')
  const program = [resolve('dist/cli.js'), 'open', '--json', '--no-browser']
  const running = start(process.execPath, program, { env: { COFFER_HOME: other } })
  await windowAddress(running)
  running.child.kill('SIGINT')
  running.child.kill('SIGTERM')
  const { code, stderr } = await running.ended
  expect([code, stderr]).toEqual([0, ''])
  expect(existsSync(join(other, 'window.json'))).toBe(false)
})

/** What `read` gives once it is as it should be; it may fail before. */
async function poll(read: () => Promise<string>, isRight: (text: string) => boolean): Promise<string> {
  const deadline = Date.now() + 15_000
  for (;;) {
    const text = await read().catch(() => '')
    if (isRight(text)) return text
    if (Date.now() > deadline) throw new Error(`this is not what was waited for: ${text}`)
    await new Promise((resume) => setTimeout(resume, 50))
  }
}
