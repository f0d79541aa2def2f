import { buildQueryString, HttpResponse, type HttpRequest } from '@smithy/core/protocols'
import { exchange, type Pool } from './exchange.ts'
import { headersOf } from './refusal.ts'

/** What the SDK's clients send their requests with. */
export interface RequestHandler {
  metadata: { handlerProtocol: string }
  /** `abortSignal`: an AbortSignal; the SDK's own type is a looser one. */
  handle(request: HttpRequest, options?: { abortSignal?: unknown }): Promise<{ response: HttpResponse }>
  destroy(): void
  updateHttpClientConfig(): void
  httpHandlerConfigs(): object
}

/**
 * Lets the SDK's clients (S3, KMS, and those of STS and IAM Identity Center that get credentials) send by `exchange`, so that
 * every request has the same connections, trust and limits of time. Bodies are text or bytes: Coffer gives no others.
 */
export function requestHandler(pool: Pool): RequestHandler {
  return {
    metadata: { handlerProtocol: 'http/1.1' },
    async handle({ protocol, hostname, port, method, path, query, headers, body }, { abortSignal } = {}) {
      const search = buildQueryString(query)
      const answer = await exchange(
        pool,
        {
          protocol,
          hostname,
          port,
          method,
          path: search === '' ? path : `${path}?${search}`,
          headers: lowerCased(headers),
          body: bytesOf(body),
        },
        abortSignal instanceof AbortSignal ? abortSignal : NEVER,
      ).catch((error: unknown) => Promise.reject(named(error)))
      const response = { statusCode: answer.statusCode ?? 0, headers: headersOf(answer), body: answer }
      return { response: new HttpResponse({ ...response, reason: answer.statusMessage ?? '' }) }
    },
    // The pool is its owner's to close.
    destroy: () => undefined,
    updateHttpClientConfig: () => undefined,
    httpHandlerConfigs: () => ({}),
  }
}

const NEVER = new AbortController().signal

function lowerCased(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
}

function bytesOf(body: unknown): Uint8Array[] {
  if (body === undefined || body === null || body === '') return []
  if (typeof body === 'string') return [Buffer.from(body)]
  if (ArrayBuffer.isView(body)) return [Buffer.from(body.buffer, body.byteOffset, body.byteLength)]
  throw new TypeError('A request of the SDK has a body that is neither text nor bytes.')
}

const BROKEN = ['ECONNRESET', 'EPIPE', 'ETIMEDOUT']

/** The SDK's retries know a connection that broke by this name (@smithy/core, isTransientError). */
function named(error: unknown): Error {
  const failure = error instanceof Error ? error : new Error(String(error))
  if (BROKEN.includes(String((failure as { code?: unknown }).code))) failure.name = 'TimeoutError'
  return failure
}
