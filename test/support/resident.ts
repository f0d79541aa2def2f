import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import type { Ended } from './run.ts'

const PROGRAM = resolve(import.meta.dirname, 'resident-program.ts')

type Env = Record<string, string | undefined>

/** What the process is sent. A variable that is null is taken out. */
export interface Order {
  args: string[]
  env: Record<string, string | null>
}

/** The built command line in a process that stays: for suites of many commands that test what commands do, not their start. */
export interface Resident {
  /** Runs `coffer ARGS`, with `env` added for this once; commands given meanwhile wait. Rejects if the process ends. */
  run(args: string[], env?: Env): Promise<Ended>
  end(): Promise<void>
}

/** Its process starts with the first command. */
export function startResident(cwd: string, env: Env): Resident {
  let child: ChildProcess | undefined
  let last: Promise<unknown> = Promise.resolve()
  const ask = async (args: string[], added: Env): Promise<Ended> => {
    child ??= fork(PROGRAM, { cwd, env: { ...process.env, ...env }, execArgv: [] })
    const gone = new AbortController()
    const exited = once(child, 'exit', { signal: gone.signal }).then(([code]: unknown[]) => {
      throw new Error(`coffer ${args.join(' ')} ended its process with ${String(code)}`)
    })
    exited.catch(() => undefined)
    const told = once(child, 'message', { signal: gone.signal }).then(([ended]: unknown[]) => ended as Ended)
    told.catch(() => undefined)
    const own = Object.entries(added).map(([name, value]) => [name, value ?? null] as const)
    child.send({ args, env: Object.fromEntries(own) } satisfies Order)
    try {
      return await Promise.race([told, exited])
    } finally {
      gone.abort()
    }
  }
  return {
    run(args, added = {}) {
      const ended = last.then(() => ask(args, added))
      last = ended.catch(() => undefined)
      return ended
    },
    async end() {
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
      const exit = once(child, 'exit')
      child.kill('SIGKILL')
      await exit
    },
  }
}
