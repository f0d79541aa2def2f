import type { ServerResponse } from 'node:http'
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
 * Takes the browser into the window, with its cookie. A page that goes on by itself, and no redirect: after one, a browser
 * that came from elsewhere (a file, another program's page) holds a SameSite=Strict cookie back.
 */
export function sendOn(answer: ServerResponse, cookie: string): void {
  answer.writeHead(200, {
    ...WINDOW_HEADERS,
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
    'set-cookie': cookie,
  })
  answer.end('<!doctype html><meta http-equiv="refresh" content="0; url=/"><title>Coffer</title>')
}
