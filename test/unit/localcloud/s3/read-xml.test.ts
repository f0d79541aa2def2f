import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { S3Error } from '../../../../electron/localcloud/request.ts'
import { readXml, type XmlNode } from '../../../../electron/localcloud/s3/read-xml.ts'

interface Tree {
  name: string
  text: string
  children: Tree[]
}

const name = fc.constantFrom('Delete', 'Object', 'Key', 'constructor', 'toString', 'a-b.c', '__proto__', 'Part')
const text = fc.string({ unit: 'binary', maxLength: 20 }).filter((value) => value.isWellFormed())
const { tree } = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.oneof(
    { depthSize: 'small' },
    fc.record({ name, text, children: fc.constant<Tree[]>([]) }),
    fc.record({ name, text: fc.constant(''), children: fc.array(tie('tree'), { minLength: 1, maxLength: 4 }) }),
  ),
}))

/** Writes a document in one of the ways that clients do. */
function write({ name: tag, text: content, children }: Tree, prefix: string): string {
  const inner = children.map((child) => `\n  ${write(child, prefix)}`).join('') + escape(content)
  const own = prefix + tag
  return inner === '' ? `<${own} />` : `<${own} xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${inner}</${own}>`
}

function escape(content: string): string {
  return Array.from(content, (char) => (/[a-z]/.test(char) ? char : `&#x${char.codePointAt(0)?.toString(16)};`)).join(
    '',
  )
}

function expectSame(node: XmlNode, expected: Tree): void {
  expect([node.name, node.text]).toEqual([expected.name, expected.text])
  for (const tag of new Set(expected.children.map((child) => child.name))) {
    const wanted = expected.children.filter((child) => child.name === tag)
    const found = node.all(tag)
    expect(found.length).toBe(wanted.length)
    found.forEach((child, i) => expectSame(child, wanted[i] as Tree))
  }
}

/** Reads all there is of a document; anything but a refusal in S3's words is a failure of the reader. */
function outcomeOf(document: string): XmlNode | undefined {
  try {
    const node = readXml(document)
    visit(node)
    return node
  } catch (error) {
    if (error instanceof S3Error && error.code === 'MalformedXML') return undefined
    throw error
  }
}

function visit(node: XmlNode): void {
  expect(node.text.isWellFormed()).toBe(true)
  for (const tag of ['Delete', 'Object', 'Key', 'constructor', '__proto__']) node.all(tag).forEach(visit)
}

describe('documents', () => {
  it('are read as they were written, whatever their text, names and prefixes', () => {
    fc.assert(
      fc.property(tree, fc.constantFrom('', 's3:'), fc.boolean(), (expected, prefix, declared) => {
        const declaration = declared ? '<?xml version="1.0" encoding="UTF-8"?>\n' : ''
        expectSame(readXml(declaration + write(expected, prefix)), expected)
      }),
      { numRuns: 1000 },
    )
  })

  it('of arbitrary text are refused, or read: never another failure', () => {
    const piece = fc.constantFrom(
      '<',
      '>',
      '/',
      '</',
      '/>',
      '&',
      ';',
      '&#x',
      '&#',
      '<!',
      '--',
      '<?',
      '?>',
      'a',
      'Key',
      ' ',
    )
    const arbitrary = fc.array(fc.oneof(piece, fc.string({ unit: 'binary', maxLength: 3 })), { maxLength: 30 })
    fc.assert(
      fc.property(arbitrary, (pieces) => void outcomeOf(pieces.join(''))),
      { numRuns: 5000 },
    )
  })

  it('cut off anywhere are refused', () => {
    fc.assert(
      fc.property(tree, fc.nat(), (expected, place) => {
        const whole = write(expected, '')
        expect(outcomeOf(whole.slice(0, place % whole.length))).toBeUndefined()
      }),
      { numRuns: 1000 },
    )
  })

  it('with a piece put in, taken out or moved are refused, or read: never another failure', () => {
    fc.assert(
      fc.property(tree, fc.nat(), fc.nat(), fc.string({ maxLength: 4 }), (expected, from, length, put) => {
        const whole = write(expected, '')
        const [a, b] = [from % whole.length, (from % whole.length) + (length % 6)]
        outcomeOf(whole.slice(0, a) + put + whole.slice(b))
        outcomeOf(whole.slice(0, a) + whole.slice(b) + whole.slice(a, b))
      }),
      { numRuns: 3000 },
    )
  })

  it.each([
    ['comments', '<a><!-- b --></a>'],
    ['CDATA', '<a><![CDATA[b]]></a>'],
    ['document types', '<!DOCTYPE a><a/>'],
    ['processing instructions', '<a><?b?></a>'],
    ['seventeen levels', '<a>'.repeat(17) + '</a>'.repeat(17)],
    ['a hundred thousand elements', `<a>${'<b/>'.repeat(100_001)}</a>`],
    ['text beside elements', '<a>text<b/></a>'],
    ['no element', 'text'],
    ['an end with a slash', '<a></a/>'],
  ])('with %s are refused', (_what, document) => {
    expect(outcomeOf(document)).toBeUndefined()
  })

  it('with text that is longer than any key, escaped, are refused without resolving it', () => {
    expect(() => readXml(`<a>${'&'.repeat(20_000)}</a>`).text).toThrow(
      expect.objectContaining({ code: 'MalformedXML' }),
    )
  })

  it('an element that may be there once is not there twice', () => {
    const node = readXml('<a><b>1</b><b>2</b><c>3</c></a>')
    expect(node.one('c')?.text).toBe('3')
    expect(node.one('d')).toBeUndefined()
    expect(() => node.one('b')).toThrow(expect.objectContaining({ code: 'MalformedXML' }))
  })
})
