import { spawn, type ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'
import { CofferError } from '../../base/errors.ts'
import type { StartAnswer, StartDelay, StartOrder } from '../../localcloud/handshake.ts'

/** How to start the server's program; the host knows (Electron cannot run a script as plain Node does). */
export interface ServerCommand {
  file: string
  args: string[]
}

/** A host's own way to start it: hands over the order and resolves with the answer. */
export type StartServer = (order: StartOrder) => Promise<StartAnswer>

export type Started = Extract<StartAnswer, { ok: true }> & { child: ChildProcess }
export type NotStarted = Extract<StartAnswer, { ok: false }>

/** Milliseconds until it must have answered. */
export const PATIENCE = 30_000

/**
 * Starts the server and hands it its order over standard input. With `idleSeconds` it stands on its own and outlives this
 * process; without, it ends when this process does.
 */
export async function launch(command: ServerCommand, order: StartOrder): Promise<Started | NotStarted> {
  const inForeground = order.idleSeconds === null
  const child = spawn(command.file, command.args, {
    detached: !inForeground,
    windowsHide: true,
    stdio: ['pipe', 'pipe', 'ignore'],
    env: scrubbed(process.env),
  })
  try {
    const answer = await hearAnswer(child, () => {
      child.stdin.write(`${JSON.stringify(order)}\n`)
      if (!inForeground) child.stdin.end()
    })
    if (!answer.ok) return answer
    child.stdout.destroy()
    if (!inForeground) child.unref()
    return { ...answer, child }
  } catch (error) {
    child.kill('SIGKILL')
    throw error
  }
}

function hearAnswer(child: ChildProcess, order: () => void): Promise<StartAnswer> {
  return new Promise((resolve, reject) => {
    const fail = (why: string, cause?: unknown) => {
      clearTimeout(timer)
      reject(notStarting(why, cause))
    }
    const expire = (): void => fail('it does not answer')
    let timer = setTimeout(expire, PATIENCE)
    child.once('error', (error) => fail('its program cannot be run', error))
    child.once('exit', (code, signal) => fail(`it ended with ${signal ?? String(code)}`))
    // It may be gone before the order is through; its exit says so.
    child.stdin?.on('error', () => undefined)
    if (child.stdout === null) return
    createInterface({ input: child.stdout }).on('line', (line) => {
      clearTimeout(timer)
      const message = parseMessage(line)
      if (message !== null && 'waitSeconds' in message) {
        timer = setTimeout(expire, message.waitSeconds * 1000)
        return
      }
      child.removeAllListeners('exit')
      if (message === null) fail('it answers something else')
      else resolve(message)
    })
    order()
  })
}

export function notStarting(why: string, cause?: unknown): CofferError {
  return new CofferError('LOCAL_SERVER', `This computer's server does not start: ${why}.`, { cause })
}

/** Null for anything but a message of the handshake's. */
export function parseMessage(line: string): StartAnswer | StartDelay | null {
  try {
    const message = JSON.parse(line) as StartAnswer | StartDelay
    const isDelay = 'waitSeconds' in message && typeof message.waitSeconds === 'number'
    return isDelay || ('ok' in message && typeof message.ok === 'boolean') ? message : null
  } catch {
    return null
  }
}

/** What a program needs to run at all. AWS credentials, NODE_OPTIONS and passphrases are none of the server's business. */
const KEPT = ['PATH', 'HOME', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR', 'TEMP', 'TMP', 'SYSTEMROOT', 'USERPROFILE', 'APPDATA']

function scrubbed(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => KEPT.includes(name.toUpperCase())))
}
