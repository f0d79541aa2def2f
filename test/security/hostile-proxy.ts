import { once } from 'node:events'
import { createServer, request as forward, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'

export interface Question {
  method: string
  url: string
  headers: IncomingMessage['headers']
  body: Buffer
}

/** `headers` as they go over the wire: a name may come twice, in any case. */
export interface Answer {
  status: number
  headers: [name: string, value: string][]
  body: Buffer
}

/** Changes a server's true answer. What it returns is sent as it is, with the length of its body. */
export type Lie = (question: Question, truth: Answer) => Answer | Promise<Answer>

/** Stands between Coffer and a server and speaks for it. Tells the truth while `lie` is null. */
export interface HostileProxy {
  endpoint: string
  lie: Lie | null
  /** Awaited before a question goes on to the server. */
  before: ((question: Question) => Promise<void>) | null
  close(): Promise<void>
}

export async function hostileProxy(target: string): Promise<HostileProxy> {
  const server = createServer((incoming, outgoing) => {
    answerTo(incoming).then(
      ({ status, headers, body }) => {
        outgoing.writeHead(status, headers.flat())
        outgoing.end(body)
      },
      () => outgoing.destroy(),
    )
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const proxy: HostileProxy = {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    lie: null,
    before: null,
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }

  async function answerTo(incoming: IncomingMessage): Promise<Answer> {
    const question = {
      method: incoming.method ?? 'GET',
      url: incoming.url ?? '/',
      headers: incoming.headers,
      body: await buffer(incoming),
    }
    await proxy.before?.(question)
    const truth = await ask(target, question)
    if (proxy.lie === null) return truth
    const told = await proxy.lie(question, truth)
    if (question.method === 'HEAD') return told
    return {
      ...told,
      headers: [...without(told.headers, 'content-length'), ['Content-Length', String(told.body.length)]],
    }
  }
  return proxy
}

/** The headers but for one name, in whatever case. */
export function without(headers: Answer['headers'], name: string): Answer['headers'] {
  return headers.filter(([one]) => one.toLowerCase() !== name)
}

async function ask(target: string, { method, url, headers, body }: Question): Promise<Answer> {
  const onward = forward(new URL(url, target), { method, headers })
  onward.end(body)
  const [answer] = (await once(onward, 'response')) as [IncomingMessage]
  const raw = answer.rawHeaders
  const pairs = raw.flatMap((name, at): Answer['headers'] => (at % 2 === 0 ? [[name, raw[at + 1] ?? '']] : []))
  const kept = pairs.filter(([name]) => !['connection', 'keep-alive', 'transfer-encoding'].includes(name.toLowerCase()))
  return { status: answer.statusCode ?? 500, headers: kept, body: await buffer(answer) }
}
