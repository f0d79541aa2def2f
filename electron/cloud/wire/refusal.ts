import type { IncomingMessage } from 'node:http'
import { foreignRefusal, pageTitle } from '../failures/not-s3.ts'

/** An answer that is not a success, in the shape of the SDK's exceptions, so that cloud/failure.ts and its retries know it. */
export interface ServiceError extends Error {
  Code: string
  $metadata: { httpStatusCode: number; requestId?: string | undefined; attempts?: number; clockSkewCorrected?: boolean }
  $response: { statusCode: number; headers: Record<string, string> }
}

/** Longer than any of S3's errors; more is not read. */
export const MAX_ERROR_BYTES = 64 * 1024

/**
 * Reads an error to its end (Amazon S3 API reference, "REST error responses"). Throws what the connection throws, and NOT_S3
 * or TLS for an answer that no S3 gives.
 */
export async function readRefusal(answer: IncomingMessage): Promise<ServiceError> {
  return refusalOf(answer.statusCode ?? 0, headersOf(answer), await bodyText(answer))
}

/** The same of an error that has been read. */
export function refusalOf(status: number, headers: Record<string, string>, body: string): ServiceError {
  const foreign = foreignRefusal('S3', { status, headers, body })
  if (foreign !== null) throw foreign
  const fields = elements(body)
  const code = fields.Code ?? 'Unknown'
  return Object.assign(new Error(fields.Message ?? (fields.Code === undefined ? pageTitle(body) : 'UnknownError')), {
    ...fields,
    name: code,
    Code: code,
    $metadata: { httpStatusCode: status, requestId: headers['x-amz-request-id'] ?? fields.RequestId },
    $response: { statusCode: status, headers },
  })
}

/** An answer's headers, each as one text. */
export function headersOf({ headers }: IncomingMessage): Record<string, string> {
  const texts: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) texts[name] = Array.isArray(value) ? value.join(', ') : value
  }
  return texts
}

async function bodyText(answer: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = []
  let length = 0
  for await (const piece of answer as AsyncIterable<Buffer>) {
    pieces.push(piece)
    length += piece.length
    // Leaving the loop destroys the answer and its connection with it.
    if (length > MAX_ERROR_BYTES) break
  }
  return Buffer.concat(pieces).toString('utf8')
}

/** The text elements of a flat document: S3's errors have no others that matter. */
function elements(xml: string): Record<string, string> {
  const found: Record<string, string> = {}
  for (const [, name = '', text = ''] of xml.matchAll(/<(\w+)>([^<]*)<\/\1>/g)) found[name] ??= unescaped(text)
  return found
}

const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

function unescaped(text: string): string {
  return text.replace(/&(?:#(\d+)|#x([\da-f]+)|(\w+));/gi, (whole, decimal?: string, hex?: string, name = '') => {
    const point = decimal === undefined ? parseInt(hex ?? '', 16) : Number(decimal)
    if (point <= 0x10ffff) return String.fromCodePoint(point)
    return ENTITIES[name as string] ?? whole
  })
}
