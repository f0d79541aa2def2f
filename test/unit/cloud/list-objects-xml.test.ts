import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readListing, type ObjectLine } from '../../../electron/cloud/list-objects-xml.ts'
import { decodeName, NAME_ENCODINGS } from '../../../electron/cloud/listed-names.ts'

function document(inside: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${inside}</ListBucketResult>`
}

function contents({ key, size, modified, etag }: ObjectLine, encode: (text: string) => string): string {
  return `<Contents><Key>${encode(key)}</Key><LastModified>${new Date(modified).toISOString()}</LastModified><ETag>${escape(etag)}</ETag><Size>${size}</Size><Owner><ID>1</ID><DisplayName>x</DisplayName></Owner><StorageClass>STANDARD</StorageClass></Contents>`
}

function escape(text: string): string {
  return text.replace(/[&<>"]/g, (char) => `&#${char.charCodeAt(0)};`)
}

const line = fc.record({
  key: fc.string({ unit: 'grapheme', minLength: 1 }),
  size: fc.nat(),
  modified: fc.nat({ max: 4e9 }).map((seconds) => seconds * 1000),
  etag: fc.string({ unit: fc.constantFrom('a', '"', '&', '<', '-', '0') }),
})

describe("an answer of S3's", () => {
  test('is read as it was written, whatever is in a key', () => {
    fc.assert(
      fc.property(fc.array(line), fc.array(fc.string({ unit: 'grapheme', minLength: 1 })), (objects, folders) => {
        const encode = (text: string): string => encodeURIComponent(text).replaceAll('%20', '+')
        const lines = objects.map((object) => contents(object, encode))
        const prefixes = folders.map((name) => `<CommonPrefixes><Prefix>${encode(name)}</Prefix></CommonPrefixes>`)
        const head = '<Name>b</Name><Prefix></Prefix><EncodingType>url</EncodingType><IsTruncated>false</IsTruncated>'
        const read = readListing(document(head + [...lines, ...prefixes].join('\n  ')))
        expect(read).toMatchObject({ encoded: true, isTruncated: false, nextToken: undefined, nextMarker: undefined })
        const decode = (name: string): string => decodeName(name, 'form')
        expect(read?.objects.map(({ key, ...rest }) => ({ key: decode(key), ...rest }))).toEqual(objects)
        expect(read?.folders.map(decode)).toEqual(folders)
      }),
    )
  })

  test('without an encoding is read by its entities', () => {
    const object = { key: 'a+%41 & <b> "c"', size: 1, modified: 0, etag: '"e"' }
    expect(readListing(document(contents(object, escape)))).toMatchObject({ objects: [object] })
    const named = contents(object, escape)
      .replaceAll('&#38;', '&amp;')
      .replaceAll('&#60;', '&lt;')
      .replaceAll('&#62;', '&#x3e;')
    expect(readListing(document(named))).toMatchObject({ objects: [object] })
  })

  test('that goes on tells where', () => {
    const head = '<IsTruncated>true</IsTruncated><NextContinuationToken>a&amp;b==</NextContinuationToken>'
    expect(readListing(document(head))).toMatchObject({ isTruncated: true, nextToken: 'a&b==' })
    const first = '<IsTruncated>True</IsTruncated><NextMarker>a&amp;b</NextMarker><NextContinuationToken/>'
    expect(readListing(document(first))).toMatchObject({ isTruncated: true, nextToken: undefined, nextMarker: 'a&b' })
  })
})

describe('left to a full reader is', () => {
  const good = contents({ key: 'k', size: 1, modified: 0, etag: '"e"' }, escape)
  test.for([
    ['no listing at all', '<Error><Code>SlowDown</Code></Error>'],
    ['a cut-off one', document(good).slice(0, -9)],
    ['one with a comment', document(`<!-- ${good} -->`)],
    ['one with CDATA', document(good.replace('>k<', '><![CDATA[k]]><'))],
    ['an entry without a size', document(good.replace(/<Size>.*<\/Size>/, ''))],
    ['an entry with a size that is none', document(good.replace('<Size>1<', '<Size>many<'))],
    ['an entry with a date that is none', document(good.replace(/<LastModified>[^<]*/, '<LastModified>today'))],
    ['an entry with an element where text belongs', document(good.replace('>k<', '><b>k</b><'))],
    ['an entity of unknown name', document(good.replace('>k<', '>&k;<'))],
    ['an entry that does not end', document(good.replace('</Contents>', ''))],
    ['an entity beyond Unicode', document(good.replace('>k<', '>&#x110000;<'))],
  ] as const)('%s', ([, xml]) => {
    expect(readListing(xml)).toBeNull()
  })
})

test('a name is decoded as its server encodes it, and never throws', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.constantFrom(...NAME_ENCODINGS), (name, encoding) => {
      expect(decodeName(name, encoding)).toBeTypeOf('string')
      expect(decodeName(encodeURIComponent(name), 'percent')).toBe(name)
      expect(decodeName(name, 'raw')).toBe(name)
    }),
  )
  expect(decodeName('a+b%20c%', 'form')).toBe('a+b%20c%')
  expect(decodeName('a+b%20c', 'form')).toBe('a b c')
  expect(decodeName('a+b%20c', 'percent')).toBe('a+b c')
  expect(decodeName('%E4.txt', 'form')).toBe('%E4.txt')
})
