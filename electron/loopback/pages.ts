import type { ServerResponse } from 'node:http'
import { SESSION_ITEM } from '../api/contract/browser-session.ts'
import { WINDOW_HEADERS, windowFile } from '../base/window-page.ts'

/** The built window, file by file. Anything else is 404. */
export async function sendPage(root: string, path: string, answer: ServerResponse): Promise<void> {
  const file = await windowFile(root, path)
  if (file === null) {
    sendText(answer, 404, 'There is nothing here.')
    return
  }
  answer.writeHead(200, { ...file.headers, 'content-length': file.content.length })
  answer.end(file.content)
}

/** A line for a person, or for nobody. */
export function sendText(answer: ServerResponse, status: number, text: string): void {
  answer.writeHead(status, {
    ...WINDOW_HEADERS,
    'content-type': 'text/plain; charset=utf-8',
    'cache-control': 'no-store',
  })
  answer.end(`${text}\n`)
}

/**
 * Takes the browser into the window: gives it its cookie, and this tab its secret. A page that goes on by itself, and no
 * redirect: after one, a browser that came from elsewhere (a file, another program's page) holds a SameSite=Strict cookie
 * back. The secret is in the page and not in its address, which stays in the browser's history.
 */
export function sendStartPage(answer: ServerResponse, cookie: string, secret: string): void {
  answer.writeHead(200, {
    ...WINDOW_HEADERS,
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
    'set-cookie': cookie,
  })
  answer.end(`<!doctype html><title>Coffer</title><script src="/start.js" data-secret="${secret}"></script>`)
}

/** Keeps the start page's secret for this tab, and goes to the window without leaving the start page behind. */
const START_SCRIPT = `sessionStorage.setItem(${JSON.stringify(SESSION_ITEM)}, document.currentScript.dataset.secret)
location.replace('/')
`

/** The script of the start page. It holds nothing of the person, and is served to whoever asks. */
export function sendStartScript(answer: ServerResponse): void {
  answer.writeHead(200, {
    ...WINDOW_HEADERS,
    'content-type': 'text/javascript; charset=utf-8',
    'cache-control': 'no-store',
  })
  answer.end(START_SCRIPT)
}
