import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** A keychain that answers nothing until it goes on, as one does that waits for the person to unlock it. Linux. */
export interface StoppedKeyring {
  /** Lead a program to it. */
  env: Record<string, string>
  goOn(): void
  end(): Promise<void>
}

export async function startStoppedKeyring(): Promise<StoppedKeyring> {
  const folder = await mkdtemp(join(tmpdir(), 'coffer-keyring-'))
  const homes = {
    XDG_RUNTIME_DIR: join(folder, 'run'),
    XDG_DATA_HOME: join(folder, 'share'),
    XDG_CONFIG_HOME: join(folder, 'config'),
  }
  for (const path of [homes.XDG_RUNTIME_DIR, join(homes.XDG_DATA_HOME, 'keyrings'), homes.XDG_CONFIG_HOME])
    await mkdir(path, { recursive: true, mode: 0o700 })
  const bus = spawn('dbus-daemon', ['--session', '--nofork', '--print-address'], {
    env: { ...process.env, ...homes },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const [address] = (await once(bus.stdout, 'data')) as [Buffer]
  const env = { ...homes, DBUS_SESSION_BUS_ADDRESS: address.toString().trim() }
  const keyring = spawn('gnome-keyring-daemon', ['--foreground', '--unlock', '--components=secrets'], {
    env: { ...process.env, ...env },
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  keyring.stdin.end('a test passphrase')
  while (!(await answers(env))) await new Promise((resolve) => setTimeout(resolve, 20))
  keyring.kill('SIGSTOP')
  return {
    env,
    goOn: () => void keyring.kill('SIGCONT'),
    async end() {
      for (const service of [keyring, bus]) await end(service)
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function answers(env: Record<string, string>): Promise<boolean> {
  const question = ['org.freedesktop.DBus.NameHasOwner', 'string:org.freedesktop.secrets']
  const ask = ['--session', '--print-reply', '--dest=org.freedesktop.DBus', '/', ...question]
  const { stdout } = await promisify(execFile)('dbus-send', ask, { env: { ...process.env, ...env } })
  return stdout.includes('boolean true')
}

async function end(service: ChildProcess): Promise<void> {
  if (service.exitCode !== null || service.signalCode !== null) return
  const exited = once(service, 'exit')
  service.kill('SIGKILL')
  await exited
}
