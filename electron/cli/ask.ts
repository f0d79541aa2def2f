import { once } from 'node:events'
import { createInterface } from 'node:readline/promises'
import { zero } from '../base/bytes.ts'
import { CofferError } from '../base/errors.ts'

/** Asks a person on the terminal; what they type is shown. */
export async function ask(question: string, signal: AbortSignal): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: process.stderr })
  try {
    return await lines.question(question, { signal })
  } finally {
    lines.close()
  }
}

/** Asks for a secret on the terminal, showing nothing of it; without a terminal, reads standard input's first line. */
export async function askSecret(question: string, signal: AbortSignal): Promise<string> {
  const { stdin, stderr } = process
  if (!stdin.isTTY) return ((await readAll(signal)).split('\n')[0] ?? '').trim()
  stderr.write(question)
  stdin.setRawMode(true)
  try {
    return await typed(signal)
  } finally {
    stdin.setRawMode(false)
    stdin.pause()
    stderr.write('\n')
  }
}

/** Everything on standard input, as text. */
export async function readAll(signal: AbortSignal): Promise<string> {
  const whole = await readAllBytes(signal)
  const text = whole.toString()
  zero(whole)
  return text
}

/** Everything on standard input; the caller zeroes what is secret. */
export async function readAllBytes(signal: AbortSignal): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of process.stdin.iterator({ destroyOnReturn: false })) {
    signal.throwIfAborted()
    chunks.push(typeof chunk === 'string' ? Buffer.from(chunk) : (chunk as Buffer))
  }
  const whole = Buffer.concat(chunks)
  zero(...chunks)
  return whole
}

const ENTER = /[\r\n]/
const BACKSPACE = new Set(['\x7f', '\b'])
/** A terminal in raw mode hands on Ctrl-C and Ctrl-D as characters. */
const GIVE_UP = new Set(['\x03', '\x04'])

async function typed(signal: AbortSignal): Promise<string> {
  const { stdin } = process
  stdin.setEncoding('utf8')
  stdin.resume()
  let text = ''
  for (;;) {
    const [chunk] = (await once(stdin, 'data', { signal })) as [string]
    for (const character of chunk) {
      if (GIVE_UP.has(character)) throw new CofferError('CANCELLED', 'Cancelled.')
      if (ENTER.test(character)) return text
      text = BACKSPACE.has(character) ? text.slice(0, -1) : text + character
    }
  }
}
