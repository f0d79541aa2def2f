import { createServer, request as forward, type IncomingMessage, type Server } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { randomBytes } from 'node:crypto'
import { ListMultipartUploadsCommand, type S3Client } from '@aws-sdk/client-s3'
import type { Upload } from '../../../electron/transfers/object.ts'

export const MiB = 1024 * 1024

/** An upload of `content` as it is, without any encryption of its own. */
export function plainUpload(bucket: string, key: string, content: Buffer, said = content.length): Upload {
  return {
    bucket,
    key,
    size: said,
    plan: { encryption: {}, customerKey: {}, metadata: {}, tags: {}, sealer: null },
    metadata: {},
    read: () => chunksOf(content),
  }
}

/** Chunks of odd sizes, so that no boundary falls on a part's. */
export async function* chunksOf(content: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < content.length; at += 700_001) {
    await Promise.resolve()
    yield content.subarray(at, at + 700_001)
  }
}

export function bytes(size: number): Buffer {
  return randomBytes(size)
}

/** Uploads that were begun and neither completed nor aborted. */
export async function openUploads(s3: S3Client, bucket: string): Promise<number> {
  const { Uploads } = await s3.send(new ListMultipartUploadsCommand({ Bucket: bucket }))
  return Uploads?.length ?? 0
}

/** A door before a server that does to the traffic what a bad network does. */
export interface BadNetwork {
  endpoint: string
  close(): Promise<void>
}

/** Called for every request with its running number; true: the answer is cut off after half of its body. */
export async function cuttingProxy(
  target: string,
  cut: (request: IncomingMessage, n: number) => boolean,
): Promise<BadNetwork> {
  let n = 0
  const server = createServer((incoming, outgoing) => {
    const cutThis = cut(incoming, ++n)
    const onward = forward(
      new URL(incoming.url ?? '/', target),
      { method: incoming.method ?? 'GET', headers: incoming.headers },
      (answer) => {
        outgoing.writeHead(answer.statusCode ?? 500, answer.headers)
        if (!cutThis) return void answer.pipe(outgoing)
        const half = Number(answer.headers['content-length'] ?? 0) / 2
        let passed = 0
        answer.on('data', (chunk: Buffer) => {
          passed += chunk.length
          if (passed < half) outgoing.write(chunk)
          else outgoing.destroy()
        })
        if (half === 0) outgoing.destroy()
      },
    )
    onward.on('error', () => outgoing.destroy())
    incoming.pipe(onward)
  })
  return listening(server)
}

/** A server that answers everything in the same way, and counts how often it was asked for the object `key`. */
export async function repeating(
  { status, headers = {}, body = '' }: { status: number; headers?: Record<string, string>; body?: string },
  key: string,
): Promise<BadNetwork & { asked(): number }> {
  let asked = 0
  const server = createServer((request, response) => {
    if (request.url?.split('?')[0]?.endsWith(`/${key}`) === true) asked += 1
    request.resume()
    response.writeHead(status, { ...headers, 'content-length': String(Buffer.byteLength(body)) }).end(body)
  })
  return { ...(await listening(server)), asked: () => asked }
}

async function listening(server: Server): Promise<BadNetwork> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    endpoint: `http://127.0.0.1:${port}`,
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
