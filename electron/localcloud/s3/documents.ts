import type { VerifiedRequest } from '../request.ts'
import { malformedXml } from './failures.ts'
import { readXml, type XmlNode } from './read-xml.ts'

/** Large enough for 10,000 parts with checksums, or 1,000 keys of full length, escaped. */
const MOST_BYTES = 8 * 1024 * 1024

/** Reads a request's body as a document with this root. Throws MalformedXML. */
export async function readDocument(request: VerifiedRequest, root: string): Promise<XmlNode> {
  const node = await readOptionalDocument(request, root)
  if (!node) throw malformedXml()
  return node
}

/** The same for bodies that may be empty. */
export async function readOptionalDocument(request: VerifiedRequest, root: string): Promise<XmlNode | undefined> {
  const text = decode(await readBody(request))
  if (text.trim() === '') return undefined
  const node = readXml(text)
  if (node.name !== root) throw malformedXml()
  return node
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

/** Bytes that are no UTF-8 would all become the same character, and a key another key. */
function decode(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw malformedXml()
  }
}
