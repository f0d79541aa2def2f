import { CofferError } from '../../base/errors.ts'
import type { Service } from '../answer.ts'
import { speaksTls } from '../wire/not-http.ts'

/** An answer as it came; `body` is '' for an answer to HEAD. */
export interface Received {
  status: number
  headers: Record<string, string>
  body: string
}

/** Statuses that proxies and load balancers in front of an S3 give in its place, with pages of their own. */
const FROM_BETWEEN = new Set([408, 413, 429])

/** How servers answer plain HTTP at a port for TLS: Go, nginx, Apache. */
const WANTS_TLS = /HTTP request (?:was )?(?:sent )?to (?:an )?HTTPS|plain HTTP to an SSL/i

/**
 * An answer that is no success, and that no S3 or KMS gives; null for one that may be theirs. S3 explains itself in XML, and
 * KMS in JSON; a page of HTML, another redirection or other JSON is somebody else's.
 */
export function foreignRefusal(service: Service, { status, headers, body }: Received): CofferError | null {
  if (WANTS_TLS.test(body)) return speaksTls()
  if (status >= 300 && status < 400) return foreignRedirect(service, { status, headers, body })
  if (status >= 500 || FROM_BETWEEN.has(status)) return null
  return body.trim() === '' || hasErrorCode(body, headers) ? null : notS3(service, status, body)
}

/** In S3's XML, or in the JSON of KMS. */
function hasErrorCode(body: string, headers: Record<string, string>): boolean {
  if (headers['x-amzn-errortype'] !== undefined) return true
  const text = body.trimStart()
  return text.startsWith('<') ? /<(?:\w+:)?Code>/.test(text) : /"(?:__type|code)"\s*:/.test(text)
}

function foreignRedirect(service: Service, { status, headers, body }: Received): CofferError | null {
  const { location = '' } = headers
  const isOwn = headers['x-amz-bucket-region'] !== undefined || hasErrorCode(body, headers)
  if (isOwn || location === '' || /\.amazonaws\.com(?:\.cn)?$/.test(hostOf(location))) return null
  return new CofferError(
    'NOT_S3',
    `What answers is not ${service}: it sends to ${hostOf(location) || 'another page'}.`,
    {
      facts: { status: String(status) },
    },
  )
}

/** The host alone: an address may hold what is nobody's business. */
function hostOf(location: string): string {
  return URL.canParse(location) ? new URL(location).hostname : ''
}

/** The failure of an answer that is not the service's. */
export function notS3(service: Service, status: number, body: string): CofferError {
  const who = service === 'STS' ? 'STS or IAM Identity Center' : service
  return new CofferError('NOT_S3', `What answers is not ${who}: it sent ${kindOf(body)} (status ${status}).`, {
    facts: { status: String(status) },
  })
}

/** The failure of an answer that says 200 and names no ETag, as S3 does for every object and part. It is asked for again. */
export function notAnObject(status: number, headers: Record<string, string>): CofferError {
  const what = isPageHead(headers) ? 'it sent a page of HTML' : 'it named no ETag'
  const failure = new CofferError('NOT_S3', `What answers is not S3: ${what} (status ${status}).`, {
    facts: { status: String(status) },
  })
  return askAgain(failure)
}

/** Has the client's own retries ask again; a field that they look for (@smithy/core, isRetryableByTrait). */
export function askAgain(failure: CofferError): CofferError {
  return Object.assign(failure, { $retryable: {} })
}

function kindOf(body: string): string {
  const text = body.trimStart()
  if (text === '') return 'nothing'
  if (isPage(text)) {
    const title = pageTitle(text)
    return title === '' ? 'a page of HTML' : `a page of HTML, “${title}”`
  }
  if (/^[{[]/.test(text)) return 'JSON'
  return text.startsWith('<') ? 'another kind of XML' : 'text that cannot be read'
}

/** True for the head of an answer that is HTML. */
export function isPageHead(headers: Record<string, string>): boolean {
  return /^text\/html\b/i.test(headers['content-type'] ?? '')
}

/** True for HTML. */
export function isPage(body: string): boolean {
  return /^\s*(?:<\?xml[^>]*>\s*)?(?:<!--[^]*?-->\s*)*<(?:!doctype\s+)?html\b/i.test(body)
}

/** True for S3's error document, whatever the status of its answer. */
export function isErrorDocument(body: string): boolean {
  return /^\s*(?:<\?xml[^>]*>\s*)?<(?:\w+:)?Error\b/.test(body) && /<\/(?:\w+:)?Error>\s*$/.test(body)
}

/** The title of a page of HTML, in one line and not long; '' if it has none. */
export function pageTitle(body: string): string {
  const [, title = ''] = /<title[^>]*>([^<]{1,200})<\/title>/i.exec(body) ?? []
  return title.replace(/\s+/g, ' ').trim()
}
