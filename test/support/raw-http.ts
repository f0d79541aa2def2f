import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import type { LocalCloud } from './localcloud.ts'
import type { WireRequest } from './signed-fetch.ts'

export interface RawAnswer {
  status: number
  /** By lower-case name. */
  headers: Map<string, string>
  body: string
}

export function openSocket(cloud: LocalCloud): Socket {
  const socket = connect({ host: '127.0.0.1', port: Number(new URL(cloud.endpoint).port) })
  return socket.on('error', () => undefined)
}

/** Sends bytes as they are and reads all answers until the server closes, or has been silent for `patience` ms after one. */
export async function exchange(cloud: LocalCloud, sent: string | Buffer, patience = 400): Promise<RawAnswer[]> {
  const socket = openSocket(cloud)
  let received = ''
  const silence = setTimeout(() => socket.destroy(), 15_000)
  socket.on('data', (piece: Buffer) => {
    received += piece.toString('latin1')
    silence.refresh()
    if (parseAnswers(received).length > 0) setTimeout(() => socket.destroy(), patience)
  })
  socket.write(typeof sent === 'string' ? Buffer.from(sent, 'latin1') : sent)
  await once(socket, 'close')
  clearTimeout(silence)
  return parseAnswers(received)
}

/** A request's head as it goes over the wire, with these lines besides. */
export function headOf({ method, path, headers }: WireRequest, ...more: string[]): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
  return `${[`${method} ${path} HTTP/1.1`, ...lines, ...more].join('\r\n')}\r\n\r\n`
}

/** The Code of an S3 error. */
export function codeOf(answer: RawAnswer | undefined): string {
  return /<Code>(\w+)<\/Code>/.exec(answer?.body ?? '')?.[1] ?? /"__type":"(\w+)"/.exec(answer?.body ?? '')?.[1] ?? ''
}

/** Complete answers, by their Content-Length. */
function parseAnswers(text: string): RawAnswer[] {
  const answers: RawAnswer[] = []
  let at = 0
  for (;;) {
    const end = text.indexOf('\r\n\r\n', at)
    if (end === -1) return answers
    const [statusLine = '', ...lines] = text.slice(at, end).split('\r\n')
    const headers = new Map(
      lines.map((line): [string, string] => {
        const colon = line.indexOf(':')
        return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
      }),
    )
    const length = Number(headers.get('content-length') ?? 0)
    if (text.length < end + 4 + length) return answers
    const status = Number(statusLine.split(' ')[1])
    answers.push({ status, headers, body: text.slice(end + 4, end + 4 + length) })
    at = end + 4 + length
  }
}

/** `400 BadRequest, 200`: what answers came, in order. */
export function named(answers: RawAnswer[]): string {
  return answers.map((answer) => `${answer.status} ${codeOf(answer)}`.trim()).join(', ')
}
