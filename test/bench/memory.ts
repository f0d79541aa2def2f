/**
 * A 2 GiB file goes in and comes back in CSE-C; the command line may hold at most 300 MiB resident while it does.
 * Prints the figures and fails above the bound. A step of `npm test`; needs a build.
 */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileHash } from '../support/files.ts'
import { contestant } from './contestants.ts'
import { largeLoad, MIB } from './loads.ts'
import { measure, type Cost } from './measure.ts'
import { MEMORY_BOUND } from './memory-table.ts'
import { startServer } from './servers.ts'

const SIZE = 2048 * MIB

function report(what: string, { seconds, peak }: Cost): boolean {
  const line = [
    what.padEnd(28),
    `${seconds.toFixed(1)} s`.padStart(8),
    `${(SIZE / MIB / seconds).toFixed(0)} MiB/s`.padStart(11),
    `${(peak / MIB).toFixed(0)} MiB resident at most`.padStart(28),
  ]
  console.log(line.join(''))
  return peak <= MEMORY_BOUND
}

const server = await startServer('This computer', { tls: false, rtt: 0 })
try {
  const { folder } = server.person
  const sealed = contestant('cse-c')
  const where = { bucket: server.buckets.keep, key: 'large' }
  const { path } = await largeLoad(folder, SIZE)
  const hash = await fileHash(path)
  const put = await measure(sealed.up(server, 'large', path, where), folder)
  await rm(path)
  const back = join(folder, 'back')
  const get = await measure(sealed.down(server, 'large', where, back), folder)
  if ((await fileHash(back)) !== hash) throw new Error('what came back is not what went in')
  const within = [report('put 2 GiB, CSE-C', put), report('get 2 GiB, CSE-C', get)]
  if (within.includes(false)) {
    console.error(`more than ${MEMORY_BOUND / MIB} MiB resident`)
    process.exitCode = 1
  }
} finally {
  await server.stop()
}
