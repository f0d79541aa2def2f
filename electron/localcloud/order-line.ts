import { zero } from '../base/bytes.ts'
import { parentPort, type Port } from '../base/parent-port.ts'
import type { StartAnswer, StartDelay } from './handshake.ts'

/** How the server hears its order and answers: over standard input and output, or over a port where Electron forked it. */
export interface OrderLine {
  /** One line of JSON. */
  order(): Promise<string>
  answer(message: StartAnswer): void
  /** Tells whoever gave the order that the answer takes longer. */
  delay(message: StartDelay): void
  /** Calls `gone` when whoever gave the order is gone. */
  watch(gone: () => void): void
  /** Lets go of whoever gave the order: this process goes on without them. */
  release(): void
  /** Ends this process once what was answered is through. */
  end(code: number): void
}

export function openOrderLine(): OrderLine {
  const parent = parentPort()
  if (parent === undefined) return standardLine()
  return portLine(
    new Promise((resolve) => {
      parent.on('message', ({ ports: [port] }) => {
        if (port !== undefined) resolve(port)
      })
    }),
  )
}

function standardLine(): OrderLine {
  const { stdin, stdout } = process
  // Whoever started this may be gone before the answer comes; that is no reason to fall over.
  stdout.on('error', () => undefined)
  return {
    order: firstLine,
    answer: (message) => void stdout.write(`${JSON.stringify(message)}\n`),
    delay: (message) => void stdout.write(`${JSON.stringify(message)}\n`),
    watch: (gone) => void stdin.once('close', gone).resume(),
    release: () => void stdin.destroy(),
    end(code) {
      stdin.destroy()
      stdout.write('', () => process.exit(code))
    },
  }
}

/** The order's line; standard input stays open, as its end may mean something later. */
function firstLine(): Promise<string> {
  return new Promise((resolve) => {
    const pieces: Buffer[] = []
    const take = (piece: Buffer): void => {
      pieces.push(piece)
      if (piece.includes('\n')) finish()
    }
    const finish = (): void => {
      process.stdin.off('data', take).off('end', finish).pause()
      const line = Buffer.concat(pieces)
      resolve(line.toString())
      zero(line, ...pieces)
    }
    process.stdin.on('data', take).on('end', finish)
  })
}

/** Milliseconds in which a message leaves a process that ends. */
const LEAVE = 200

/** The port comes from the app's main process, and leads past it to the one that gives the order. */
function portLine(coming: Promise<Port>): OrderLine {
  let port: Port | undefined
  return {
    async order() {
      port = await coming
      const line = new Promise<string>((resolve) => port?.on('message', ({ data }) => resolve(String(data))))
      port.start()
      return await line
    },
    answer: (message) => port?.postMessage(JSON.stringify(message)),
    delay: (message) => port?.postMessage(JSON.stringify(message)),
    watch: (gone) => port?.on('close', gone),
    release: () => undefined,
    end: (code) => void setTimeout(() => process.exit(code), LEAVE),
  }
}
