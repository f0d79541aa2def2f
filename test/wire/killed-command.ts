import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Person } from '../support/coffer.ts'
import type { Ended } from '../support/run.ts'
import type { Chance } from './seed.ts'

const PRELOAD = pathToFileURL(resolve(import.meta.dirname, 'kill-at.ts')).href
const SIGKILL = 128 + 9

/** Ends commands of one person at moments that chance chooses among all that they do to the outside (see kill-at.ts). */
export interface Killer {
  /** How many commands were ended so far. */
  readonly kills: number
  /** What commands said that failed by themselves, before they were to be ended. */
  readonly failures: readonly string[]
  /**
   * Runs a command and ends it just before one of its events, of those that are left to it if it is a repetition; by
   * `from: 'start'`, also one of those by which Coffer opens. `what` is what chance knows it by.
   */
  kill(what: string, args: string[], options?: KillOptions): Promise<void>
  /** Runs a command to its end, and keeps of how many events the next ones like it (of the same first words) are. */
  measure(args: string[], options?: Omit<KillOptions, 'from'>): Promise<void>
}

export interface KillOptions {
  from?: 'start' | 'work'
  stdin?: string
  env?: Record<string, string>
}

/** What is left of a command at least: what it does to find out what is left. */
const LEAST = 12

export function killerOf(person: Person, chance: Chance): Killer {
  const spans = new Map<string, number>()
  /** Of a command that was ended, how many of its events are still to come. */
  const left = new Map<string, number>()
  const countFile = join(person.folder, 'events')
  let opening: Promise<number> | undefined
  const failures: string[] = []
  let kills = 0

  const run = (args: string[], at: number | undefined, { stdin, env: added }: KillOptions): Promise<Ended> => {
    const env = {
      ...added,
      NODE_OPTIONS: `--disable-warning=ExperimentalWarning --import=${PRELOAD}`,
      KILL_AT: at === undefined ? undefined : String(at),
      KILL_COUNT: countFile,
    }
    return person.start(args, { env, stdin }).ended
  }
  const count = async (args: string[], options: KillOptions = {}): Promise<number> => {
    const { code, stderr } = await run(args, undefined, options)
    if (code !== 0) throw new Error(`coffer ${args.join(' ')} ended with ${code}: ${stderr}`)
    return Number(await readFile(countFile, 'utf8'))
  }
  return {
    failures,
    get kills() {
      return kills
    },
    async kill(what, args, options = {}) {
      const end = spans.get(kindOf(args))
      if (end === undefined) throw new Error(`${kindOf(args)} was not measured`)
      const begin = options.from === 'start' ? 0 : await (opening ??= count(['place', 'list']))
      const events = left.get(args.join(' ')) ?? end - begin
      const at = chance.integer(what, 1, events)
      left.set(args.join(' '), Math.max(events - at, LEAST))
      const { code, stderr } = await run(args, begin + at, options)
      if (code === SIGKILL) kills += 1
      // One that an earlier kill had let finish may say that all is there.
      else if (code !== 0 && code !== 8) failures.push(`${what}: ended with ${code}: ${stderr}`)
    },
    async measure(args, options) {
      spans.set(kindOf(args), await count(args, options))
    },
  }
}

/** `key new`, `put` and so on: the words before the first argument. */
function kindOf([command = '', sub = '']: string[]): string {
  return ['key', 'place'].includes(command) ? `${command} ${sub}` : command
}
