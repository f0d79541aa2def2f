import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { createInterface } from 'node:readline'

/** An item in the tray, as a person sees it. */
interface TrayItem {
  menu: string[]
  disabled: string[]
  tip: string
}

/** A desktop's tray and notifications on the session bus, where programs look for them, and a person who uses them. Linux. */
export interface DesktopShell {
  /** The tray's item of this process; null if it has none. */
  item(pid: number | undefined): Promise<TrayItem | null>
  /** Presses an entry of its menu. Throws if there is none like it, or it is disabled. */
  press(pid: number | undefined, label: string): Promise<void>
  /** The titles of the notifications of this process that are on the screen. */
  notifications(pid: number | undefined): Promise<string[]>
  click(pid: number | undefined, title: string): Promise<void>
  end(): Promise<void>
}

/** Debian's own Python, which has the bindings of GLib (python3-gi). */
const PYTHON = '/usr/bin/python3'

export async function startDesktopShell(): Promise<DesktopShell> {
  const shell = spawn(PYTHON, [resolve('test/support/desktop-shell.py')], { stdio: ['pipe', 'pipe', 'inherit'] })
  const exited = once(shell, 'exit')
  const lines = createInterface({ input: shell.stdout })[Symbol.asyncIterator]()
  const next = async <Answer>(): Promise<Answer> => {
    const { value, done } = await lines.next()
    if (done === true) throw new Error('the desktop’s shell has ended')
    const { answer, error } = JSON.parse(value) as { answer: Answer; error?: string }
    if (error !== undefined) throw new Error(error)
    return answer
  }
  const ask = <Answer>(order: object): Promise<Answer> => {
    shell.stdin.write(`${JSON.stringify(order)}\n`)
    return next<Answer>()
  }
  await next()
  return {
    item: (pid) => ask({ pid }),
    async press(pid, press) {
      if ((await ask({ pid, press })) === null) throw new Error('no such item')
    },
    notifications: (pid) => ask({ pid, notifications: true }),
    async click(pid, click) {
      await ask({ pid, click })
    },
    async end() {
      shell.stdin.end()
      await exited
    },
  }
}
