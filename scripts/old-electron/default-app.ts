/* Opens an app that is not packaged, as Electron's own default_app does: `electron [-r MODULE] FOLDER`. */
import { app as ownApp, type App } from 'electron'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

interface Manifest {
  name: string
  productName?: string
  version: string
  main: string
}

/** What Electron's own default_app calls and its typings leave out. */
const app = ownApp as App & { setVersion(version: string): void; setAppPath(path: string): void }

const require = createRequire(import.meta.url)
const words = process.argv.slice(1)
let folder: string | undefined
while (words.length > 0 && folder === undefined) {
  const word = words.shift() ?? ''
  if (word === '-r') require(resolve(words.shift() ?? ''))
  else if (!word.startsWith('-')) folder = resolve(word)
}
if (folder === undefined) throw new Error('Name the folder of an app.')

const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest
app.setName(manifest.productName ?? manifest.name)
app.setVersion(manifest.version)
app.setAppPath(folder)
await import(pathToFileURL(join(folder, manifest.main)).href)
