import { XMLParser } from 'fast-xml-parser'
import type { VerifiedRequest } from '../request.ts'
import { malformedXml } from './failures.ts'

/** An element of a parsed document. */
export interface XmlNode {
  /** Its text, if it has no elements. */
  text: string
  /** Its elements of this name. */
  all(name: string): XmlNode[]
  first(name: string): XmlNode | undefined
}

/** Large enough for 10,000 parts with checksums, or 1,000 keys of full length, escaped. */
const MOST_BYTES = 8 * 1024 * 1024

// Entities are resolved here: the parser would expand those that a document defines itself.
const parser = new XMLParser({
  ignoreAttributes: true,
  parseTagValue: false,
  trimValues: false,
  processEntities: false,
  removeNSPrefix: true,
})

/** Reads a request's body as a document with this root. Throws MalformedXML. */
export async function readDocument(request: VerifiedRequest, root: string): Promise<XmlNode> {
  const node = await readOptionalDocument(request, root)
  if (!node) throw malformedXml()
  return node
}

/** The same for bodies that may be empty. */
export async function readOptionalDocument(request: VerifiedRequest, root: string): Promise<XmlNode | undefined> {
  const text = (await readBody(request)).toString()
  if (text.trim() === '') return undefined
  // The parser forgives a missing end; a document that was cut short must not pass.
  if (text.includes('<!DOCTYPE') || !/<\/[\w:]+\s*>\s*$|\/>\s*$/.test(text)) throw malformedXml()
  const found = toNode(parse(text)).first(root)
  if (!found) throw malformedXml()
  return found
}

function parse(text: string): unknown {
  try {
    return parser.parse(text)
  } catch {
    throw malformedXml()
  }
}

async function readBody(request: VerifiedRequest): Promise<Buffer> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request.body) {
    bytes += chunk.length
    if (bytes > MOST_BYTES) throw malformedXml()
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function toNode(value: unknown): XmlNode {
  const all = (name: string) => {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return []
    const found = (value as Record<string, unknown>)[name]
    return (Array.isArray(found) ? found : [found]).map(toNode)
  }
  return { text: typeof value === 'string' ? unescape(value) : '', all, first: (name) => all(name)[0] }
}

const NAMED: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

function unescape(text: string): string {
  return text.replace(/&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi, (_whole, hex?: string, decimal?: string, name?: string) => {
    if (name !== undefined) return NAMED[name] ?? fail()
    const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16)
    return code <= 0x10ffff ? String.fromCodePoint(code) : fail()
  })
}

function fail(): never {
  throw malformedXml()
}
