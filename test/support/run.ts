import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'

/** How a program ended. `code` is 128 + signal number, as in a shell, if a signal ended it. */
export interface Ended {
  code: number
  stdout: string
  stderr: string
}

export interface RunOptions {
  cwd?: string | undefined
  /** Added to the environment of the tests; undefined takes a name out. */
  env?: Record<string, string | undefined> | undefined
  stdin?: string | undefined
  /** Leaves standard input open, for the test to end. */
  stdinOpen?: boolean | undefined
  /** Milliseconds until it is killed; two minutes unless told. */
  timeout?: number | undefined
}

export interface Running {
  child: ChildProcess
  ended: Promise<Ended>
}

const SIGNALS: Partial<Record<string, number>> = { SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGTERM: 15 }

/** Starts a program. Its output is collected; `ended` never rejects for an exit code. */
export function start(program: string, args: string[], options: RunOptions = {}): Running {
  const child = spawn(program, args, {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
    timeout: options.timeout ?? 120_000,
    killSignal: 'SIGKILL',
  })
  const stdout: Buffer[] = []
  const stderr: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk))
  child.stdin.on('error', () => undefined)
  if (options.stdinOpen !== true) child.stdin.end(options.stdin)
  const ended = new Promise<Ended>((done, failed) => {
    child.on('error', failed)
    child.on('close', (code, signal) =>
      done({
        code: code ?? 128 + (SIGNALS[signal ?? ''] ?? 0),
        stdout: Buffer.concat(stdout).toString(),
        stderr: Buffer.concat(stderr).toString(),
      }),
    )
  })
  return { child, ended }
}

/** Runs a program to its end. */
export function run(program: string, args: string[], options: RunOptions = {}): Promise<Ended> {
  return start(program, args, options).ended
}

/** Runs a program that has to succeed and returns what it printed. */
export async function succeed(program: string, args: string[], options: RunOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await run(program, args, options)
  if (code !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${code}:\n${stdout}${stderr}`)
  return stdout
}

/** A program of the project's own Python environment (see scripts/system.sh); elsewhere, the system's. */
export function pythonTool(name: string): string {
  const path = resolve('.cache/python/bin', name)
  return existsSync(path) ? path : name
}
