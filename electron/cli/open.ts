import { spawn } from 'node:child_process'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { builtProgram } from '../base/built-program.ts'
import { CofferError } from '../base/errors.ts'
import type { GlobalOptions } from './session.ts'
import { EXIT_HELP } from './words.ts'

const EXAMPLES = `
The window is served on 127.0.0.1 for as long as this command runs, and opens with an address that works once. Run it again
for another one: the window that runs already is found.

Examples
  coffer open
  coffer open --no-browser    says where it is, for you to open
  coffer open --json          one line {url}
`

interface OpenFlags extends GlobalOptions {
  browser: boolean
}

export function addOpen(program: Command): void {
  const command = program
    .command('open')
    .summary('open the window in a browser')
    .description('Opens the window in a browser and serves it until Ctrl-C.')
    .option('--no-browser', 'open no browser')
    .addHelpText('after', EXAMPLES + EXIT_HELP)
    .action(() => openWindow(command.optsWithGlobals<OpenFlags>()))
}

/** Hosts do not import each other: the window's is a program of its own, which has this terminal for as long as it runs. */
async function openWindow({ browser, json, home }: OpenFlags): Promise<void> {
  const args = [...(browser ? [] : ['--no-browser']), ...(json === true ? ['--json'] : [])]
  const window = builtProgram('loopback.js', 'loopback/main.ts')
  const child = spawn(process.execPath, [...process.execArgv, window, ...args], {
    // Over the channel it learns when this process is gone, however it went.
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    env: home === undefined ? process.env : { ...process.env, COFFER_HOME: resolve(home) },
  })
  // Ctrl-C goes to both, and the other one ends in its own time.
  process.on('SIGINT', () => undefined)
  process.on('SIGTERM', () => child.kill('SIGTERM'))
  process.exitCode = await new Promise<number>((done, failed) => {
    child.once('error', (cause) => failed(new CofferError('INTERNAL', 'The window cannot be started.', { cause })))
    child.once('exit', (code) => done(code ?? 1))
  })
}
