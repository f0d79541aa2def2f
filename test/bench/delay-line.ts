import { once } from 'node:events'
import { resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { start } from '../support/run.ts'

/** A longer way to a server on loopback. */
export interface DelayLine {
  endpoint: string
  stop(): Promise<void>
}

/**
 * Starts a program that passes on what comes, in order, half of `rtt` milliseconds later each way. It limits no bandwidth,
 * and a connection itself is made at once.
 */
export async function startDelayLine(endpoint: string, rtt: number): Promise<DelayLine> {
  const { port, protocol } = new URL(endpoint)
  const line = start(process.execPath, [resolve(import.meta.dirname, 'delay-line.ts'), port, String(rtt / 2)], {
    stdinOpen: true,
    timeout: 3_600_000,
  })
  if (!line.child.stdout) throw new Error('the delay line has no standard output')
  const [text] = (await once(createInterface({ input: line.child.stdout }), 'line')) as [string]
  return {
    endpoint: `${protocol}//127.0.0.1:${Number(text)}`,
    async stop() {
      line.child.stdin?.end()
      await line.ended
    },
  }
}

/** Passes on what comes from one to the other, `delay` milliseconds later. */
function passOn(from: Socket, to: Socket, delay: number): void {
  const later = (act: () => void): void => void setTimeout(act, delay)
  // Timers of one length fire in the order in which they were set.
  from.on('data', (chunk) =>
    later(() => {
      if (to.writable) to.write(chunk)
    }),
  )
  from.on('end', () => later(() => to.end()))
  from.on('error', () => later(() => to.destroy()))
}

async function serve(port: number, delay: number): Promise<void> {
  const server = createServer({ noDelay: true, allowHalfOpen: true }, (client) => {
    const upstream = connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true })
    passOn(client, upstream, delay)
    passOn(upstream, client, delay)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  console.log((server.address() as AddressInfo).port)
  process.stdin.on('end', () => process.exit(0)).resume()
}

const [program, port = '', delay = ''] = process.argv.slice(1)
if (program === fileURLToPath(import.meta.url)) await serve(Number(port), Number(delay))
