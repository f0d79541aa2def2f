import { expect, test } from 'vitest'
import { contentTypeOf, withContentType } from '../../../electron/vault/content-type.ts'

test.for([
  ['p.png', undefined, 'image/png'],
  ['a/b.c/PHOTO.JPEG', undefined, 'image/jpeg'],
  ['letter', '/home/ann/letter.pdf', 'application/pdf'],
  ['page.html', '/home/ann/page.txt', 'text/html'],
  ['notes/report.docx', undefined, 'application/vnd.openxmlformats-officedocument.wordprocessingml.document'],
  ['archive.tar.gz', undefined, 'application/gzip'],
  ['png', undefined, undefined],
  ['doc', '/home/ann/text', undefined],
  ['.png', undefined, undefined],
  ['folder.png/file', undefined, undefined],
  ['what.is-this', undefined, undefined],
] as const)('%j from %j: %s', ([key, path, expected]) => {
  expect(contentTypeOf(key, path).ContentType).toBe(expected)
})

test('a type that an object has stays; one that says nothing gives way to that of its name', () => {
  expect(withContentType({ ContentType: 'text/x-own' }, 'p.png').ContentType).toBe('text/x-own')
  for (const ContentType of [undefined, 'application/octet-stream', 'binary/octet-stream']) {
    expect(withContentType({ ContentType, CacheControl: 'no-cache' }, 'p.png')).toEqual({
      ContentType: 'image/png',
      CacheControl: 'no-cache',
    })
  }
})
