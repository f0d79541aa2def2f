/*
 * npm start: builds what is missing or older than its source, then opens the desktop app; where Electron's runtime is not to be
 * had, says so and opens the window in a browser.
 */
import { spawn, spawnSync, type SpawnOptions } from 'node:child_process'
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'

const root = resolve(import.meta.dirname, '..')
const electron = join(root, 'node_modules', 'electron')

/** Milliseconds for Electron's runtime to come; some networks never answer. */
const DOWNLOAD = 180_000

/** Newest change below a folder or of a file, in milliseconds; 0 if it is not there. */
function changedAt(path: string): number {
  const found = statSync(path, { throwIfNoEntry: false })
  if (found === undefined) return 0
  if (!found.isDirectory()) return found.mtimeMs
  return Math.max(0, ...readdirSync(path).map((name) => changedAt(join(path, name))))
}

function isBuilt(): boolean {
  const products = [
    'main.js',
    'engine.js',
    'localcloud.js',
    'loopback.js',
    'cli.js',
    'preload.cjs',
    'renderer/index.html',
  ]
  const oldest = Math.min(...products.map((name) => changedAt(join(root, 'dist', name))))
  return (
    oldest > 0 &&
    oldest >= Math.max(...['electron', 'renderer', 'package.json'].map((name) => changedAt(join(root, name))))
  )
}

function build(): void {
  const { status } = spawnSync('npm', ['run', 'build', '--silent'], {
    cwd: root,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  })
  if (status !== 0) process.exit(status ?? 1)
}

/** The runtime's program, downloaded if need be by Electron's own installer; null if it is not to be had or has no screen. */
function electronProgram(): string | null {
  if (process.platform === 'linux' && !process.env.DISPLAY && !process.env.WAYLAND_DISPLAY) return null
  if (!existsSync(join(electron, 'install.js'))) return null
  return installed() ?? (download() ? installed() : null)
}

function installed(): string | null {
  try {
    const program = readFileSync(join(electron, 'path.txt'), 'utf8')
    const path = join(process.env.ELECTRON_OVERRIDE_DIST_PATH ?? join(electron, 'dist'), program)
    return existsSync(path) ? path : null
  } catch {
    return null
  }
}

function download(): boolean {
  process.stderr.write('Getting Electron, once…\n')
  const { status } = spawnSync(process.execPath, [join(electron, 'install.js')], { stdio: 'ignore', timeout: DOWNLOAD })
  return status === 0
}

/** Gives this terminal to a program and ends with its exit code. */
function give(program: string, args: string[], options: SpawnOptions = {}): void {
  const child = spawn(program, args, { stdio: 'inherit', ...options })
  process.on('SIGINT', () => undefined)
  process.on('SIGTERM', () => child.kill('SIGTERM'))
  child.once('error', (error) => {
    process.stderr.write(`coffer: ${error.message}\n`)
    process.exit(1)
  })
  child.once('exit', (code) => process.exit(code ?? 1))
}

if (!isBuilt()) build()
const program = process.argv.includes('--browser') ? null : electronProgram()
if (program !== null) give(program, [root], { env: { ...process.env, ELECTRON_RUN_AS_NODE: undefined } })
else {
  if (!process.argv.includes('--browser')) {
    process.stderr.write(
      "The desktop app cannot run here (no screen, or Electron's runtime is not to be had): Coffer opens in the browser.\n",
    )
  }
  give(process.execPath, [
    join(root, 'dist', 'cli.js'),
    'open',
    ...process.argv.slice(2).filter((word) => word !== '--browser'),
  ])
}
