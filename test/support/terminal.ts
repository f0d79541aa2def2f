import { resolve } from 'node:path'
import { run } from './run.ts'
import type { Ended, RunOptions } from './run.ts'

/**
 * Runs a program on a terminal of its own (pty(7)), as a person would, and answers each question once it is there, in order.
 * What both sides wrote is in `stdout`.
 */
export function onTerminal(
  argv: string[],
  answers: [question: string, answer: string][],
  options: RunOptions = {},
): Promise<Ended> {
  return run('python3', [resolve('test/support/terminal.py'), JSON.stringify({ argv, answers })], options)
}
