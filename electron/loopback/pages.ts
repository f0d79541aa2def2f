import { readFile } from 'node:fs/promises'
import { extname, join } from 'node:path'
import type { ServerResponse } from 'node:http'

/**
 * Nothing inline, nothing remote, nobody's frame. `blob:` is for pictures that were verified and decrypted; the worker draws
 * PDF pages.
 */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "font-src 'self'",
  "img-src 'self' blob:",
  "connect-src 'self'",
  "worker-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

const HEADERS = {
  'content-security-policy': POLICY,
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), microphone=(), geolocation=(), usb=(), serial=()',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
}

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.woff2': 'font/woff2',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
}

/** Names as the build gives them; nothing that could lead elsewhere. */
const NAME = /^(?:index\.html|assets\/[\w.-]+)$/

/** The built window, file by file. Anything else is 404. */
export async function sendPage(root: string, path: string, answer: ServerResponse): Promise<void> {
  const name = path === '/' ? 'index.html' : path.slice(1)
  const type = TYPES[extname(name)]
  const content = NAME.test(name) && type !== undefined ? await readFile(join(root, name)).catch(() => null) : null
  if (content === null) {
    sendText(answer, 404, 'There is nothing here.')
    return
  }
  // Names of assets change with their content.
  const cache = name === 'index.html' ? 'no-store' : 'private, max-age=31536000, immutable'
  answer.writeHead(200, { ...HEADERS, 'content-type': type, 'content-length': content.length, 'cache-control': cache })
  answer.end(content)
}

/** A line for a person, or for nobody. */
export function sendText(answer: ServerResponse, status: number, text: string): void {
  answer.writeHead(status, { ...HEADERS, 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' })
  answer.end(`${text}\n`)
}

/**
 * Takes the browser into the window, with its cookie. A page that goes on by itself, and no redirect: after one, a browser
 * that came from elsewhere (a file, another program's page) holds a SameSite=Strict cookie back.
 */
export function sendOn(answer: ServerResponse, cookie: string): void {
  answer.writeHead(200, {
    ...HEADERS,
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
    'set-cookie': cookie,
  })
  answer.end('<!doctype html><meta http-equiv="refresh" content="0; url=/"><title>Coffer</title>')
}
