/*
 * Runs the built command line again and again in one process, as resident.ts asks: what a command prints is told instead
 * of written, and its end is the end of the command alone.
 */
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Order } from './resident.ts'
import type { Ended } from './run.ts'

const PROGRAM = resolve(import.meta.dirname, '../../dist/cli.js')

const end = process.exit.bind(process)
let commands = 0

process.on('disconnect', () => end())
process.on('message', (order: Order) => void run(order).then((ended) => process.send?.(ended)))
// Each command listens for its own crash and for the end of its output.
process.setMaxListeners(0)
process.stdout.setMaxListeners(0)

async function run({ args, env }: Order): Promise<Ended> {
  const [stdout, stderr] = [kept(process.stdout), kept(process.stderr)]
  const restoreEnv = changeEnv(env)
  process.exitCode = undefined
  process.argv = [process.execPath, PROGRAM, ...args]
  const code = await new Promise<number>((ended) => {
    process.exit = ((given) => ended(Number(given ?? process.exitCode ?? 0))) as typeof process.exit
    // Only the entry is read anew; what it imports stays.
    void import(`${pathToFileURL(PROGRAM).href}?command=${++commands}`)
  })
  restoreEnv()
  for (const event of ['uncaughtException', 'unhandledRejection']) process.removeAllListeners(event)
  return { code, stdout: stdout(), stderr: stderr() }
}

/** Changes variables and returns what puts them back. */
function changeEnv(changes: Order['env']): () => void {
  const before: Order['env'] = {}
  for (const [name, value] of Object.entries(changes)) {
    before[name] = process.env[name] ?? null
    if (value === null) Reflect.deleteProperty(process.env, name)
    else process.env[name] = value
  }
  return () => {
    if (Object.keys(before).length > 0) changeEnv(before)
  }
}

/** Keeps what is written to a stream, and returns what gives it all. */
function kept(stream: NodeJS.WriteStream): () => string {
  const chunks: Buffer[] = []
  stream.write = (chunk: string | Uint8Array, ...rest: unknown[]): boolean => {
    chunks.push(Buffer.from(chunk))
    const told = rest.find((each) => typeof each === 'function')
    if (told !== undefined) process.nextTick(told)
    return true
  }
  return () => Buffer.concat(chunks).toString()
}
