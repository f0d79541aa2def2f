import { readFile } from 'node:fs/promises'
import { extname, join } from 'node:path'

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

/** Goes with everything that a host serves to a window. */
export const WINDOW_HEADERS = {
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
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
}

/** Names as the build gives them; nothing that could lead elsewhere. */
const NAME = /^(?:index\.html|third-party-notices\.json|assets\/[\w.-]+)$/

export interface WindowFile {
  headers: Record<string, string>
  content: Buffer<ArrayBuffer>
}

/** A file of the built window in `root`, by the path of its address. Null for everything else. */
export async function windowFile(root: string, path: string): Promise<WindowFile | null> {
  const name = path === '/' ? 'index.html' : path.slice(1)
  const type = TYPES[extname(name)]
  if (!NAME.test(name) || type === undefined) return null
  const content = await readFile(join(root, name)).catch(() => null)
  if (content === null) return null
  // Names of assets change with their content.
  const cache = name.startsWith('assets/') ? 'private, max-age=31536000, immutable' : 'no-store'
  return { headers: { ...WINDOW_HEADERS, 'content-type': type, 'cache-control': cache }, content }
}
