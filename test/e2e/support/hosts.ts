import { existsSync } from 'node:fs'
import { resolve } from 'node:path'

/** Why the journeys cannot be run in the desktop app here; null if they can. */
export function whyNoDesktop(): string | null {
  if (!existsSync(resolve('node_modules/electron/path.txt'))) return "Electron's runtime is not on this machine"
  if (!existsSync(resolve('dist/main.js'))) return 'the desktop app is not built'
  return null
}

/** Says which hosts take part, once a run. */
export default function tellHosts(): void {
  const reason = whyNoDesktop()
  console.log(reason === null ? 'Hosts: browser, desktop' : `Hosts: browser. Not the desktop app: ${reason}.`)
}
