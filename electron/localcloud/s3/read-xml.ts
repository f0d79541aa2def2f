import { malformedXml } from './failures.ts'

/** An element of a document. */
export interface XmlNode {
  /** Without its namespace's prefix. */
  name: string
  /** Its text, if it has no elements. Throws MalformedXML for a reference to what is no character. */
  readonly text: string
  /** Its elements of this name. */
  all(name: string): XmlNode[]
  /** Its only element of this name. Throws MalformedXML if there are more: which one is meant cannot be known. */
  one(name: string): XmlNode | undefined
}

/** Room for 10,000 parts with checksums; an element costs many times its bytes in memory. */
const MOST_ELEMENTS = 100_000
const DEEPEST = 16
/** Characters of a text as it is sent: a key of full length, each of its bytes a reference. */
const LONGEST_TEXT = 16_384

/** A tag, or a `<` that begins none. Attributes are passed over: no document of S3's says anything in them. */
const TAG = /<(?:(\/?)([\w:.-]{1,64})(?:\s[^<>]{0,1024}?)?(\/?)>)?/g

/**
 * Reads a document of S3's: elements and text, and nothing that could mean something else to another reader. Document
 * types (and so entities), CDATA, comments and processing instructions are refused; no client of S3's sends any. Takes
 * time and memory in proportion to the text. Throws MalformedXML.
 */
export function readXml(text: string): XmlNode {
  const start = /^\s*<\?xml\s[^<>]{0,200}\?>/.exec(text)?.[0].length ?? 0
  const document: Element = { fullName: '', ownText: '', children: [] }
  const open = [document]
  let at = start
  let elements = 0
  for (const { 0: whole, 1: closing, 2: name, 3: empty, index } of text.slice(start).matchAll(TAG)) {
    const parent = open.at(-1)
    if (name === undefined || parent === undefined) throw malformedXml()
    parent.ownText += text.slice(at, start + index)
    at = start + index + whole.length
    if (closing === '/') {
      if (parent.fullName !== name || empty === '/') throw malformedXml()
      open.pop()
    } else {
      const child: Element = { fullName: name, ownText: '', children: [] }
      parent.children.push(child)
      if (empty !== '/') open.push(child)
      if (open.length > DEEPEST || ++elements > MOST_ELEMENTS) throw malformedXml()
    }
  }
  document.ownText += text.slice(at)
  const [root, ...more] = document.children
  if (open.length !== 1 || !root || more.length > 0 || !isBlank(document.ownText)) throw malformedXml()
  return toNode(root)
}

interface Element {
  /** With its namespace's prefix, as its end has to repeat it. */
  fullName: string
  ownText: string
  children: Element[]
}

function toNode({ fullName, ownText, children }: Element): XmlNode {
  if (children.length > 0 && !isBlank(ownText)) throw malformedXml()
  const all = (name: string) => children.filter((child) => localName(child) === name).map(toNode)
  return {
    name: localName({ fullName }),
    get text() {
      return children.length > 0 ? '' : resolve(ownText)
    },
    all,
    one(name) {
      const [first, ...more] = all(name)
      if (more.length > 0) throw malformedXml()
      return first
    },
  }
}

function localName({ fullName }: Pick<Element, 'fullName'>): string {
  return fullName.slice(fullName.lastIndexOf(':') + 1)
}

function isBlank(text: string): boolean {
  return !/[^ \t\r\n]/.test(text)
}

const NAMED = new Map(Object.entries({ amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }))

/** Resolves references to characters (XML 1.0 section 4.1); an ampersand that begins none is malformed. */
function resolve(text: string): string {
  if (text.length > LONGEST_TEXT) throw malformedXml()
  return text.replace(
    /&(?:#x([0-9a-f]+);|#(\d+);|(\w+);)?/gi,
    (_whole, hex?: string, decimal?: string, name?: string) => {
      const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16)
      const character = name === undefined ? characterOf(code) : NAMED.get(name)
      if (character === undefined) throw malformedXml()
      return character
    },
  )
}

/** Undefined for what has no UTF-8: surrogates, and beyond Unicode. */
function characterOf(code: number): string | undefined {
  return code < 0xd800 || (code > 0xdfff && code <= 0x10ffff) ? String.fromCodePoint(code) : undefined
}
