import { KmsError, S3Error } from '../request.ts'
import { DamagedError } from '../sse/segments.ts'

const NAMESPACE = 'http://s3.amazonaws.com/doc/2006-03-01/'
const DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'

/** An element: its name and its content. Order is kept; undefined content leaves the element out. */
export type XmlElement = [name: string, content: XmlContent]
export type XmlContent = string | number | boolean | undefined | XmlElement[]

/** An S3 answer's document. */
export function toXml(root: string, content: XmlElement[]): string {
  return `${DECLARATION}<${root} xmlns="${NAMESPACE}">${elements(content)}</${root}>`
}

export interface ErrorAnswer {
  status: number
  /** Content-Type is application/xml. */
  body: string
}

/**
 * Any failure as S3 answers it: S3Error in its own words, KmsError as `KMS.Name`, everything else as InternalError
 * without a detail that could leak.
 */
export function errorXml(error: unknown, requestId: string, resource: string): ErrorAnswer {
  const known = toS3Error(error)
  const content: XmlElement[] = [
    ['Code', known.code],
    ['Message', known.message],
    ...Object.entries(known.fields),
    ['Resource', resource],
    ['RequestId', requestId],
    ['HostId', requestId],
  ]
  return { status: known.status, body: `${DECLARATION}<Error>${elements(content)}</Error>` }
}

/**
 * A failure as S3 tells it. A denial by KMS is S3's own 403, the rest carries KMS's name. ObjectDamaged is no code of
 * AWS's: clients should know that bytes at rest were changed, and that trying again cannot help.
 */
export function toS3Error(error: unknown): S3Error {
  if (error instanceof S3Error) return error
  if (error instanceof DamagedError) {
    return new S3Error('ObjectDamaged', 500, 'The stored object is damaged or was changed; its authentication failed.')
  }
  if (!(error instanceof KmsError)) {
    return new S3Error('InternalError', 500, 'We encountered an internal error. Please try again.')
  }
  if (error.code === 'AccessDeniedException') return new S3Error('AccessDenied', 403, error.message)
  return new S3Error(`KMS.${error.code}`, error.status, error.message)
}

function elements(content: XmlElement[]): string {
  let text = ''
  for (const [name, value] of content) text += element(name, value)
  return text
}

function element(name: string, content: XmlContent): string {
  if (content === undefined) return ''
  const inner = Array.isArray(content) ? elements(content) : escape(String(content))
  return `<${name}>${inner}</${name}>`
}

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

/** Nothing to escape: most of what is in a listing. */
const PLAIN = /^[\w.:/ %+=-]*$/

/** Control characters become references, so that a carriage return in a key survives the parser's newline handling. */
function escape(text: string): string {
  if (PLAIN.test(text)) return text
  return text.replace(
    /[&<>"\p{Cc}]/gu,
    (char) => ENTITIES[char] ?? `&#x${char.charCodeAt(0).toString(16).toUpperCase()};`,
  )
}
