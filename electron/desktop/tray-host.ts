import { execFile } from 'node:child_process'

const NAME = 'org.kde.StatusNotifierWatcher'
const PATH = '/StatusNotifierWatcher'
const PROPERTY = 'IsStatusNotifierHostRegistered'
const GET = 'org.freedesktop.DBus.Properties.Get'

/** Programs that ask the session bus, of GLib, systemd and D-Bus: a Linux desktop has at least one of them. */
const ASK: [string, ...string[]][] = [
  ['gdbus', 'call', '--session', '--timeout=2', '-d', NAME, '-o', PATH, '-m', GET, NAME, PROPERTY],
  ['busctl', '--user', '--timeout=2', 'get-property', NAME, PATH, NAME, PROPERTY],
  [
    'dbus-send',
    '--session',
    '--print-reply',
    '--reply-timeout=2000',
    `--dest=${NAME}`,
    PATH,
    GET,
    `string:${NAME}`,
    `string:${PROPERTY}`,
  ],
]

/**
 * True if a tray icon would be seen. On Linux a desktop need not have a tray (GNOME has none by itself): it has one if it
 * shows items of the StatusNotifierItem specification, which is what Electron's Tray makes.
 */
export async function hasTrayHost(): Promise<boolean> {
  if (process.platform !== 'linux') return true
  for (const [program, ...args] of ASK) {
    const answer = await ask(program, args)
    if (answer !== null) return answer
  }
  return false
}

/** Null if there is no such program. */
function ask(program: string, args: string[]): Promise<boolean | null> {
  return new Promise((resolve) => {
    execFile(program, args, { timeout: 4_000 }, (error, stdout) => {
      if (error === null) resolve(/\btrue\b/.test(stdout))
      else resolve(error.code === 'ENOENT' ? null : false)
    })
  })
}
