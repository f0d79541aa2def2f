import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { onTestFinished } from 'vitest'

/** A session bus of its own in a throw-away home. */
export async function startBus(): Promise<NodeJS.ProcessEnv> {
  const folder = await mkdtemp(join(tmpdir(), 'coffer-bus-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  for (const name of ['run', 'share/keyrings', 'config'])
    mkdirSync(join(folder, name), { recursive: true, mode: 0o700 })
  const homes = {
    PATH: process.env['PATH'],
    XDG_RUNTIME_DIR: join(folder, 'run'),
    XDG_DATA_HOME: join(folder, 'share'),
    XDG_CONFIG_HOME: join(folder, 'config'),
  }
  const bus = background(spawn('dbus-daemon', ['--session', '--nofork', '--print-address'], { env: homes }))
  const [address] = (await once(bus.stdout ?? bus, 'data')) as [Buffer]
  return { ...homes, DBUS_SESSION_BUS_ADDRESS: address.toString().trim() }
}

/** GNOME Keyring on that bus; locked if there is no passphrase. */
export function startKeyring(env: NodeJS.ProcessEnv, passphrase: string | null): ChildProcess {
  const args = ['--foreground', '--components=secrets', ...(passphrase === null ? [] : ['--unlock'])]
  const keyring = background(spawn('gnome-keyring-daemon', args, { env }))
  keyring.stdin?.end(passphrase ?? '')
  return keyring
}

/** Settles once the keyring can be asked. */
export async function keyringAnswers(env: NodeJS.ProcessEnv): Promise<void> {
  const ask = ['--session', '--print-reply', '--dest=org.freedesktop.DBus', '/']
  const question = [...ask, 'org.freedesktop.DBus.NameHasOwner', 'string:org.freedesktop.secrets']
  for (;;) {
    const { stdout } = await promisify(execFile)('dbus-send', question, { env })
    if (stdout.includes('boolean true')) return
  }
}

function background(child: ChildProcess): ChildProcess {
  onTestFinished(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill()
    await once(child, 'exit')
  })
  return child
}
