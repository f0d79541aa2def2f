import { rmSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { pathToFileURL } from 'node:url'

/** A page on disk that goes on to the window. */
export interface StartPage extends Disposable {
  url: string
}

/**
 * Writes, for its owner alone, a page that goes on to `url`. A browser is given this file to open and not the address itself:
 * a program's arguments are there for every user of the machine to read, and the address holds the token.
 */
export async function writeStartPage(path: string, url: string): Promise<StartPage> {
  await rm(path, { force: true })
  await writeFile(path, pageFor(url), { flag: 'wx', mode: 0o600 })
  return { url: pathToFileURL(path).href, [Symbol.dispose]: () => rmSync(path, { force: true }) }
}

function pageFor(url: string): string {
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="referrer" content="no-referrer">
    <meta http-equiv="refresh" content="0; url=${url}">
    <title>Coffer</title>
  </head>
  <body><a href="${url}">Open Coffer</a></body>
</html>
`
}
