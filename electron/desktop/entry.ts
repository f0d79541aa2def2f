import { basename, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { crashOf, traceOf } from '../base/crash.ts'
import { BUILT } from './paths.ts'

/*
 * Where the packaged program begins: `coffer` opens the desktop app, and `coffer --run-program … -- PROGRAM [ARGUMENT…]` runs
 * one of Coffer's own programs in this process, with a terminal and without a window. The fuse RunAsNode is off, so nothing
 * else can be run with the app's runtime. bin/coffer in the package uses it for the command line.
 */

const RUN_PROGRAM = '--run-program'
const PROGRAMS: readonly string[] = ['cli.js', 'localcloud.js', 'loopback.js']

const end = process.argv.indexOf('--')
if (end > 0 && process.argv.slice(1, end).includes(RUN_PROGRAM)) await runProgram(end)
else await import('./main.ts')

/**
 * `end` is where Chromium's switches end. A program finds its arguments where Node.js would put them, and what starts another
 * one by execPath and execArgv gets the same switches.
 */
async function runProgram(end: number): Promise<never> {
  const name = basename(process.argv[end + 1] ?? '')
  if (!PROGRAMS.includes(name)) {
    process.stderr.write(`coffer: there is no program ${name} in this app\n`)
    process.exit(2)
  }
  const file = join(BUILT, name)
  process.execArgv = process.argv.slice(1, end + 1)
  process.argv = [process.execPath, file, ...process.argv.slice(end + 2)]
  // Electron's own exit ends with 0 where none is given, whatever exitCode says.
  const exit = process.exit.bind(process)
  process.exit = (code) => exit(code ?? process.exitCode ?? 0)
  // Electron shows what nobody caught in a box on a screen, and waits for someone to close it.
  process.on('uncaughtException', (error) => {
    if (process.listenerCount('uncaughtException') === 1) endAfter(error)
  })
  await import(/* @vite-ignore */ pathToFileURL(file).href).catch(endAfter)
  // Electron starts Chromium, which needs a display, after this module is loaded. It never is; programs end by themselves.
  return new Promise<never>(() => undefined)
}

function endAfter(error: unknown): never {
  process.stderr.write(`coffer: ${crashOf(error).message}\n`)
  if (process.env.COFFER_DEBUG) process.stderr.write(traceOf(error))
  process.exit(1)
}
