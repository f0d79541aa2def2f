import { protocol, session, type Session } from 'electron'
import { WINDOW_HEADERS, windowFile } from '../base/window-page.ts'

/** The window's own scheme: its pages are files of the app, and no other page has this origin. */
const SCHEME = 'coffer'
export const ORIGIN = `${SCHEME}://app`

/** True for an address of the window itself. */
export function isOwn(url: string): boolean {
  return URL.canParse(url) && new URL(url).protocol === `${SCHEME}:` && new URL(url).host === 'app'
}

/** Must be said before the app is ready. */
export function registerScheme(): void {
  protocol.registerSchemesAsPrivileged([
    { scheme: SCHEME, privileges: { standard: true, secure: true, supportFetchAPI: true, codeCache: true } },
  ])
}

/**
 * The session that the window lives in. In memory: no cookie, cache or history is left on disk. Electron's security
 * checklist, points 5 (permissions), 7 (content policy) and 18 (own protocol); and nothing goes over the network, whatever a
 * page asks for.
 */
export function openSession(root: string): Session {
  const own = session.fromPartition('coffer')
  own.protocol.handle(SCHEME, async ({ url, method }) => {
    const file = method === 'GET' && isOwn(url) ? await windowFile(root, new URL(url).pathname) : null
    if (file !== null) return new Response(file.content, { headers: file.headers })
    return new Response('There is nothing here.\n', { status: 404, headers: WINDOW_HEADERS })
  })
  own.webRequest.onBeforeRequest(({ url }, answer) => answer({ cancel: !isLocal(url) }))
  // Copying is what a person asked for by a button; everything else is refused.
  own.setPermissionRequestHandler((_contents, permission, answer) => answer(permission === 'clipboard-sanitized-write'))
  own.setPermissionCheckHandler(
    (_contents, permission, origin) => permission === 'clipboard-sanitized-write' && isOwn(origin),
  )
  own.setDevicePermissionHandler(() => false)
  own.on('will-download', (event) => event.preventDefault())
  return own
}

/** The app's own files, pictures that it made of verified content, and in development the developer tools. */
function isLocal(url: string): boolean {
  return isOwn(url) || url.startsWith(`blob:${ORIGIN}/`) || url.startsWith('devtools://')
}
