import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { OWNER } from '../../../../electron/localcloud/account.ts'
import { S3Error, type VerifiedRequest } from '../../../../electron/localcloud/request.ts'
import {
  checkSourceConditions,
  checkWriteConditions,
  isNotModified,
  parseCopyRange,
  parseRange,
} from '../../../../electron/localcloud/s3/conditions.ts'

const size = fc.oneof(
  fc.constant(0),
  fc.integer({ min: 1, max: 50 }),
  fc.maxSafeInteger().filter((n) => n > 0),
)
const number = fc.oneof(
  fc.integer({ min: 0, max: 60 }).map(String),
  fc.bigInt({ min: 0n, max: 10n ** 400n }).map(String),
  fc.constantFrom('', '-1', '+1', '0x1', '1e3', ' 1', 'NaN', 'Infinity'),
)
const range = fc.oneof(
  fc.tuple(number, number).map(([first, last]) => `bytes=${first}-${last}`),
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.constantFrom('bytes=', 'bytes=-', 'bytes=0-1,2-3', 'bytes 0-1', 'lines=0-1', 'bytes=--1'),
)

describe('ranges', () => {
  it('are nothing, not to be satisfied, or inside of the object and not empty', () => {
    fc.assert(
      fc.property(range, size, (value, bytes) => {
        const parsed = parseRange(value, bytes)
        if (parsed === undefined || parsed === 'unsatisfiable') return
        expect(parsed.start).toBeGreaterThanOrEqual(0)
        expect(parsed.end).toBeGreaterThan(parsed.start)
        expect(parsed.end).toBeLessThanOrEqual(bytes)
      }),
      { numRuns: 5000 },
    )
  })

  it('of a copy are inside of the source and not empty, or InvalidArgument', () => {
    fc.assert(
      fc.property(range, size, (value, bytes) => {
        const parsed = refusedOr('InvalidArgument', () => parseCopyRange(value, bytes))
        if (!parsed) return
        expect(parsed.start).toBeGreaterThanOrEqual(0)
        expect(parsed.end).toBeGreaterThan(parsed.start)
        expect(parsed.end).toBeLessThanOrEqual(bytes)
      }),
      { numRuns: 5000 },
    )
  })
})

describe('conditions', () => {
  const NAMES = ['if-match', 'if-none-match', 'if-modified-since', 'if-unmodified-since']
  const value = fc.oneof(
    fc.constantFrom('*', '"e"', 'W/"e"', 'e', '"x", "e"', '', ',', 'Thu, 01 Jan 1970 00:00:00 GMT', '9999'),
    fc.string({ unit: 'binary', maxLength: 30 }),
    fc.date({ noInvalidDate: true }).map((date) => date.toUTCString()),
  )
  const headers = fc.dictionary(fc.constantFrom(...NAMES, ...NAMES.map((name) => `x-amz-copy-source-${name}`)), value)
  const subject = { etag: 'e', modifiedMs: 1000 }

  it('of any form hold, or fail in the words of S3', () => {
    fc.assert(
      fc.property(headers, (given) => {
        const request = requestWith(given)
        refusedOr('PreconditionFailed', () => expect(typeof isNotModified(request, subject)).toBe('boolean'))
        refusedOr('PreconditionFailed', () => checkSourceConditions(request, subject))
        refusedOr(['NoSuchKey', 'NotImplemented'], () => checkWriteConditions(request, 'key', undefined))
      }),
      { numRuns: 5000 },
    )
  })

  it('If-Match on another ETag never holds', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 20 }), (match) => {
        const named = match.split(',').map((item) =>
          item
            .trim()
            .replace(/^W\//, '')
            .replace(/^"(.*)"$/, '$1'),
        )
        fc.pre(!named.includes('e') && !named.includes('*'))
        expect(() => isNotModified(requestWith({ 'if-match': match }), subject)).toThrow(S3Error)
      }),
      { numRuns: 1000 },
    )
  })
})

function requestWith(headers: Record<string, string>): VerifiedRequest {
  return {
    principal: OWNER,
    requestId: '',
    method: 'GET',
    bucket: 'bucket',
    key: 'key',
    query: new URLSearchParams(),
    headers,
    body: (async function* () {})(),
    contentLength: undefined,
    checksum: () => undefined,
  }
}

function refusedOr<T>(codes: string | string[], act: () => T): T | undefined {
  try {
    return act()
  } catch (error) {
    if (error instanceof S3Error && [codes].flat().includes(error.code)) return undefined
    throw error
  }
}
