import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { once } from 'node:events'
import { createServer, request, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sendPage, sendStartPage, sendStartScript } from '../../../electron/loopback/pages.ts'
import { writeStartPage } from '../../../electron/loopback/start-page.ts'

const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' blob:; connect-src 'self'; " +
  "worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

const folder = mkdtempSync(join(tmpdir(), 'coffer-pages-'))
const root = join(folder, 'renderer')
let server: Server

beforeAll(async () => {
  mkdirSync(join(root, 'assets'), { recursive: true })
  writeFileSync(join(root, 'index.html'), '<!doctype html>')
  writeFileSync(join(root, 'assets', 'index-1.js'), 'export {}')
  writeFileSync(join(root, 'assets', 'notes.txt'), 'of no known type')
  writeFileSync(join(root, 'secret.js'), 'not of the build')
  writeFileSync(join(folder, 'outside.js'), 'outside')
  server = createServer((incoming, answer) => {
    if (incoming.url === '/start') sendStartPage(answer, 'coffer-1=x', 'a-secret')
    else if (incoming.url === '/start.js') sendStartScript(answer)
    else void sendPage(root, incoming.url ?? '', answer)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
})
afterAll(async () => {
  server.close()
  await once(server, 'close')
  rmSync(folder, { recursive: true })
})

/** The path goes over as it is, which `fetch` would tidy. */
async function get(path: string): Promise<{ status: number; headers: IncomingMessage['headers']; body: string }> {
  const { port } = server.address() as AddressInfo
  const asked = request({ host: '127.0.0.1', port, path }).end()
  const [answer] = (await once(asked, 'response')) as [IncomingMessage]
  const pieces: Buffer[] = []
  for await (const piece of answer as AsyncIterable<Buffer>) pieces.push(piece)
  return { status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(pieces).toString() }
}

describe('the built window', () => {
  it.each([
    ['/', 'text/html; charset=utf-8', 'no-store'],
    ['/index.html', 'text/html; charset=utf-8', 'no-store'],
    ['/assets/index-1.js', 'text/javascript; charset=utf-8', 'private, max-age=31536000, immutable'],
  ])('%s comes as %s', async (path, type, cache) => {
    const { status, headers } = await get(path)
    expect(status).toBe(200)
    expect(headers).toMatchObject({ 'content-type': type, 'cache-control': cache })
  })

  it.each(['/', '/assets/index-1.js', '/nothing', '/start', '/start.js'])(
    '%s carries exactly this policy',
    async (path) => {
      const { headers } = await get(path)
      expect(headers['content-security-policy']).toBe(POLICY)
      expect(headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'cross-origin-opener-policy': 'same-origin',
        'cross-origin-resource-policy': 'same-origin',
        'x-frame-options': 'DENY',
      })
      expect(JSON.stringify(headers)).not.toContain('unsafe')
    },
  )

  it.each([
    '/../outside.js',
    '/assets/../../outside.js',
    '/assets/..%2f..%2foutside.js',
    '/%2e%2e/outside.js',
    '/assets/..\\..\\outside.js',
    '/assets//etc/passwd',
    '//etc/passwd',
    '/assets/',
    '/assets',
    '/assets/.',
    '/assets/..',
    '/assets/notes.txt',
    '/secret.js',
    '/index.html\0',
    '/assets/index-1.js/',
    '/assets/index-1.js%00.html',
  ])('%j leads nowhere', async (path) => {
    if (path.includes('\0')) path = encodeURI(path)
    const { status, body } = await get(path)
    expect(status).toBe(404)
    expect(body).toBe('There is nothing here.\n')
  })
})

describe('the start page', () => {
  it('gives the tab its secret without script of its own, and no part of it is kept', async () => {
    const page = await get('/start')
    expect(page.headers).toMatchObject({ 'cache-control': 'no-store', 'set-cookie': ['coffer-1=x'] })
    expect(page.body).toContain('<script src="/start.js" data-secret="a-secret"></script>')
    const script = await get('/start.js')
    expect(script.headers).toMatchObject({
      'cache-control': 'no-store',
      'content-type': expect.stringMatching('javascript') as string,
    })
    expect(script.body).not.toContain('a-secret')
  })
})

describe('the page that goes on to the window', () => {
  it('is the owner’s alone, holds no script and is gone when it was used', async () => {
    const path = join(folder, 'window.html')
    writeFileSync(path, 'what was left', { mode: 0o666 })
    const page = await writeStartPage(path, 'http://127.0.0.1:1/start?token=abc')
    const html = await readFile(path, 'utf8')
    expect(html).toContain('content="0; url=http://127.0.0.1:1/start?token=abc"')
    expect(html).not.toMatch(/<script|what was left/)
    if (process.platform !== 'win32') expect(statSync(path).mode & 0o777).toBe(0o600)
    page[Symbol.dispose]()
    await expect(readFile(path)).rejects.toThrow('ENOENT')
    page[Symbol.dispose]()
  })
})
