/*
 * Loaded before a program (node --import): counts what it does to the outside (files, the database, sockets, keychain) and
 * ends it by SIGKILL just before the event that KILL_AT names, so that a seed chooses the same moment each time. Without
 * KILL_AT, or if the program ends before, the number of its events goes to the file KILL_COUNT. Its threads count along.
 */
import fs from 'node:fs'
import { createRequire, syncBuiltinESMExports } from 'node:module'
import net from 'node:net'
import sqlite from 'node:sqlite'
import { getEnvironmentData, isMainThread, setEnvironmentData } from 'node:worker_threads'

const SHARED = 'kill-at'
const at = Number(process.env['KILL_AT'] ?? Infinity)
const shared = (getEnvironmentData(SHARED) as SharedArrayBuffer | undefined) ?? new SharedArrayBuffer(4)
setEnvironmentData(SHARED, shared)
const counter = new Int32Array(shared)

/** One more event is about to happen. */
function step(): void {
  if (Atomics.add(counter, 0, 1) + 1 !== at) return
  process.kill(process.pid, 'SIGKILL')
  // The signal may reach another thread first; this one does nothing more.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
}

type Methods = Record<string, unknown>

function watch(owner: object, names: readonly string[]): void {
  const methods = owner as Methods
  for (const name of names) {
    const real = methods[name]
    if (typeof real !== 'function') continue
    methods[name] = function (this: unknown, ...args: unknown[]): unknown {
      step()
      return Reflect.apply(real, this, args) as unknown
    }
  }
}

const CHANGES = [
  'writeFile',
  'appendFile',
  'rename',
  'link',
  'unlink',
  'rm',
  'rmdir',
  'mkdir',
  'truncate',
  'chmod',
  'utimes',
]
const ON_DESCRIPTORS = ['open', 'write', 'writev', 'fsync', 'fdatasync', 'ftruncate', 'fchmod', 'futimes', 'close']

watch(fs.promises, [...CHANGES, 'open'])
watch(fs, [...CHANGES, ...ON_DESCRIPTORS])
watch(
  fs,
  [...CHANGES, ...ON_DESCRIPTORS].map((name) => `${name}Sync`),
)
const handle = await fs.promises.open(process.execPath)
watch(Object.getPrototypeOf(handle) as object, [
  'write',
  'writev',
  'writeFile',
  'appendFile',
  'sync',
  'datasync',
  'truncate',
  'chmod',
  'utimes',
])
await handle.close()
watch(sqlite.DatabaseSync.prototype, ['exec'])
watch(sqlite.StatementSync.prototype, ['run', 'get', 'all'])
watch(net.Socket.prototype, ['write'])
watch(createRequire(import.meta.url)('keytar') as object, ['getPassword', 'setPassword', 'deletePassword'])
syncBuiltinESMExports()
Atomics.store(counter, 0, isMainThread ? 0 : Atomics.load(counter, 0))

const countFile = process.env['KILL_COUNT']
if (isMainThread && countFile !== undefined) {
  const write = fs.writeFileSync
  process.on('exit', () => write(countFile, String(Atomics.load(counter, 0))))
}
