import { createServer, request as forward, type IncomingMessage } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'

/** One UploadPart as it crossed the wire; `body` is what came of it, which a client that dies may not send to its end. */
export interface PartSent {
  uploadId: string
  number: number
  body: Buffer
}

/** An HTTP proxy on loopback that keeps what uploads in parts send. */
export interface UploadRecorder {
  /** `http://127.0.0.1:PORT`, to be used in place of the server's own. */
  url: string
  parts: PartSent[]
  /** The uploads that were opened, in order, with the wrapped data key and message id that they name, if any. */
  opened: { uploadId: string; envelope: string | undefined }[]
  /** True: the answer to this request is not passed on, though the server has done what it was asked for. */
  swallow: (request: IncomingMessage) => boolean
  close(): Promise<void>
}

export async function uploadRecorder(target: string): Promise<UploadRecorder> {
  const recorder: UploadRecorder = {
    url: '',
    parts: [],
    opened: [],
    swallow: () => false,
    close: () => Promise.resolve(),
  }
  const server = createServer((incoming, outgoing) => {
    const { searchParams } = new URL(incoming.url ?? '/', target)
    record(recorder.parts, incoming, searchParams)
    const onward = forward(
      new URL(incoming.url ?? '/', target),
      { method: incoming.method ?? 'GET', headers: incoming.headers },
      (answer) => {
        const opening = incoming.method === 'POST' && searchParams.has('uploads')
        const text: Buffer[] = []
        if (opening) answer.on('data', (chunk: Buffer) => text.push(chunk))
        answer.on('end', () => {
          const uploadId = /<UploadId>([^<]+)</.exec(Buffer.concat(text).toString())?.[1]
          if (uploadId !== undefined) recorder.opened.push({ uploadId, envelope: envelopeIn(incoming) })
        })
        if (recorder.swallow(incoming)) {
          answer.resume().on('end', () => outgoing.destroy())
          return
        }
        outgoing.writeHead(answer.statusCode ?? 500, answer.headers)
        answer.pipe(outgoing)
      },
    )
    onward.on('error', () => outgoing.destroy())
    incoming.on('error', () => onward.destroy())
    incoming.on('close', () => {
      if (!incoming.complete) onward.destroy()
    })
    incoming.pipe(onward)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  recorder.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  recorder.close = async () => {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  }
  return recorder
}

function record(parts: PartSent[], incoming: IncomingMessage, query: URLSearchParams): void {
  const number = Number(query.get('partNumber') ?? 0)
  if (incoming.method !== 'PUT' || number === 0) return
  const part: PartSent = { uploadId: query.get('uploadId') ?? '', number, body: Buffer.alloc(0) }
  parts.push(part)
  const pieces: Buffer[] = []
  incoming.on('data', (chunk: Buffer) => pieces.push(chunk))
  incoming.on('close', () => (part.body = Buffer.concat(pieces)))
}

/** What an envelope's key and IV are known by; the same twice means that both are. */
function envelopeIn({ headers }: IncomingMessage): string | undefined {
  const names = ['x-amz-3', 'x-amz-i', 'x-amz-key-v2', 'x-amz-iv'].map((name) => headers[`x-amz-meta-${name}`])
  const said = names.filter((value) => value !== undefined)
  return said.length === 0 ? undefined : said.join(' ')
}

/**
 * Where ciphertext that differs was sent under one key and IV: the parts, by number. Bodies that were cut off are compared as
 * far as they go. Throws if a part belongs to no upload whose opening was seen.
 */
export function reusedKeys({ parts, opened }: UploadRecorder): string[] {
  const longest = new Map<string, Buffer>()
  const reused: string[] = []
  for (const { uploadId, number, body } of parts) {
    const upload = opened.find((one) => one.uploadId === uploadId)
    if (upload === undefined) throw new Error(`Nobody saw the upload ${uploadId} being opened.`)
    const place = `${upload.envelope ?? uploadId} part ${number}`
    const before = longest.get(place) ?? Buffer.alloc(0)
    const common = Math.min(before.length, body.length)
    if (!before.subarray(0, common).equals(body.subarray(0, common))) reused.push(place)
    if (body.length > before.length) longest.set(place, body)
  }
  return reused
}
