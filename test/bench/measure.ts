import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { pythonTool, succeed } from '../support/run.ts'

/** A command as a person would type it, and what it needs in its environment. */
export interface Command {
  program: string
  args: string[]
  env: Record<string, string | undefined>
}

/** What one run of a command cost, its start-up and its whole process tree included. */
export interface Cost {
  seconds: number
  /** User and system seconds. */
  cpu: number
  /** Most bytes that were resident at once. */
  peak: number
}

/** Long enough for the slowest contestant; a hang is an error, not a long bench. */
const TIMEOUT_MS = 300_000

const MEASURE = resolve(import.meta.dirname, 'measure.py')

/** Runs a command and measures it from outside. Throws with what it said if it fails. */
export async function measure({ program, args, env }: Command, folder: string): Promise<Cost> {
  const output = join(folder, 'output')
  const said = await succeed(pythonTool('python3'), [MEASURE, output, program, ...args], {
    cwd: folder,
    env,
    timeout: TIMEOUT_MS,
  })
  const { code, ...cost } = JSON.parse(said) as Cost & { code: number }
  if (code === 0) return cost
  const text = await readFile(output, 'utf8').catch(() => '')
  throw new Error(`${program} ${args.join(' ')} ended with ${code}:\n${text.slice(-2_000)}`)
}

/** The middle one; of an even number, the mean of the two in the middle. */
export function median(values: number[]): number {
  const sorted = [...values].sort((one, other) => one - other)
  const middle = sorted.length >> 1
  const [low = NaN, high = NaN] = [sorted[sorted.length % 2 === 0 ? middle - 1 : middle], sorted[middle]]
  return (low + high) / 2
}
