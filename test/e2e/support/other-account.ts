import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** What another account's server was sent, and what became of its attempts to use it. */
export interface Seen {
  uid: number | undefined
  cookie: string
  /** Statuses of its own requests. */
  program: Record<string, number>
  /** What its page got; undefined until it reports. */
  page: { at: string; secrets: number; socket?: string; read?: string; send?: string } | undefined
}

export interface OtherAccount {
  endpoint: string
  seen(): Promise<Seen>
  stop(): Promise<void>
}

/** `nobody`, on every Linux. */
const NOBODY = 65534

/**
 * Starts a server that tries to get into the window at `target`: as another account where the tests run as root, which alone
 * may start one; else as this one. It knows nothing that another account would not.
 */
export async function startOtherAccount(target: string): Promise<OtherAccount> {
  const text = await readFile(join(import.meta.dirname, 'other-account-server.ts'), 'utf8')
  const account = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {}
  const child = spawn(process.execPath, ['--input-type=module-typescript', '--eval', text, target], {
    cwd: '/',
    env: {},
    stdio: ['ignore', 'pipe', 'inherit'],
    ...account,
  })
  const endpoint = `http://127.0.0.1:${await firstLine(child)}`
  return {
    endpoint,
    seen: async () => (await (await fetch(`${endpoint}/seen`)).json()) as Seen,
    async stop() {
      child.kill()
      await once(child, 'close')
    },
  }
}

async function firstLine({ stdout }: ChildProcess): Promise<string> {
  const [line] = (await once(stdout ?? process.stdin, 'data')) as [Buffer]
  return line.toString().trim()
}
