import { spawn } from 'node:child_process'

/** The system's own way to open an address with the program that the person chose for it. */
const OPENERS: Partial<Record<NodeJS.Platform, (url: string) => [string, ...string[]]>> = {
  darwin: (url) => ['open', url],
  win32: (url) => ['rundll32', 'url.dll,FileProtocolHandler', url],
}

/** Opens `url` in the person's browser. False if the system has no way to do it, or it failed at once. */
export function openInBrowser(url: string): Promise<boolean> {
  const [program, ...args] = (OPENERS[process.platform] ?? ((address) => ['xdg-open', address]))(url)
  return new Promise((resolve) => {
    const opener = spawn(program, args, { stdio: 'ignore', detached: true })
    opener.once('error', () => resolve(false))
    opener.once('exit', (code) => resolve(code === 0))
    // Some openers stay for as long as the browser does.
    setTimeout(() => resolve(true), 3_000).unref()
    opener.unref()
  })
}
