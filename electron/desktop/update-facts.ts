import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as z from 'zod'
import type { UpdatesOff } from '../api/contract/updates.ts'

/** Where updates are, and the public key (SPKI, DER, in base64) of whoever signs their lists. */
export interface Feed {
  url: string
  key: string
}

/** What installed this copy, and replaces it. */
export type Package = 'deb' | 'rpm' | 'appimage' | 'mac' | 'windows'

export interface UpdateFacts {
  isPackaged: boolean
  /** Undefined in a build that was not signed. */
  feed: Feed | undefined
  /** Null for a copy that was unpacked by hand. */
  kind: Package | null
}

/** Why this copy has no updates; null if it has. A feed that anybody on the way could change or watch is none. */
export function updatesOff({ isPackaged, feed, kind }: UpdateFacts): UpdatesOff | null {
  if (!isPackaged) return 'development'
  if (feed === undefined || !isTrustworthy(feed.url)) return 'unsigned'
  return kind === null ? 'by-hand' : null
}

function isTrustworthy(address: string): boolean {
  if (!URL.canParse(address)) return false
  const { protocol, hostname } = new URL(address)
  return protocol === 'https:' || (protocol === 'http:' && hostname === '127.0.0.1')
}

const manifest = z.object({ updates: z.object({ url: z.string(), key: z.string() }).optional() })

/** `app` is the archive with the program, whose hash is in Electron's; `resources` the folder that it is in. */
export function readUpdateFacts(isPackaged: boolean, app: string, resources: string): UpdateFacts {
  const { updates: feed } = manifest.parse(JSON.parse(readFileSync(join(app, 'package.json'), 'utf8')))
  return { isPackaged, feed, kind: packageKind(resources) }
}

function packageKind(resources: string): Package | null {
  if (process.platform === 'darwin') return 'mac'
  if (process.platform === 'win32') return 'windows'
  // An AppImage may have started this program as any other; only one that holds it can be replaced.
  const { APPIMAGE, APPDIR } = process.env
  if (APPIMAGE && APPDIR && process.execPath.startsWith(join(APPDIR, '/'))) return 'appimage'
  const kind = readKind(resources)
  return kind === 'deb' || kind === 'rpm' ? kind : null
}

function readKind(resources: string): string | null {
  try {
    return readFileSync(join(resources, 'package-type'), 'utf8').trim()
  } catch {
    return null
  }
}
