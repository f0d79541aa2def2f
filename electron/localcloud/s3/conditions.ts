import type { VerifiedRequest } from '../request.ts'
import type { Version } from '../storage/versions.ts'
import { header } from './context.ts'
import { invalidArgument, noSuchKey, notImplemented, preconditionFailed } from './failures.ts'

interface Subject {
  etag: string
  modifiedMs: number
}

/**
 * Preconditions of a read (RFC 9110 section 13.2.2, as S3 applies it). Returns whether the answer is 304 Not Modified;
 * throws PreconditionFailed.
 */
export function isNotModified(request: VerifiedRequest, subject: Subject): boolean {
  const match = header(request, 'if-match')
  if (match !== undefined) {
    if (!matches(match, subject.etag)) throw preconditionFailed('If-Match')
  } else if (isModifiedSince(subject, header(request, 'if-unmodified-since')) === true) {
    throw preconditionFailed('If-Unmodified-Since')
  }
  const noneMatch = header(request, 'if-none-match')
  if (noneMatch !== undefined) return matches(noneMatch, subject.etag)
  return isModifiedSince(subject, header(request, 'if-modified-since')) === false
}

/** Preconditions on a copy's source: all of them fail alike. Throws PreconditionFailed. */
export function checkSourceConditions(request: VerifiedRequest, subject: Subject): void {
  const prefix = 'x-amz-copy-source-'
  const [match, noneMatch] = [header(request, `${prefix}if-match`), header(request, `${prefix}if-none-match`)]
  const unmodified = isModifiedSince(subject, header(request, `${prefix}if-unmodified-since`))
  const modified = isModifiedSince(subject, header(request, `${prefix}if-modified-since`))
  if (match !== undefined && !matches(match, subject.etag)) throw preconditionFailed(`${prefix}If-Match`)
  if (match === undefined && unmodified === true) throw preconditionFailed(`${prefix}If-Unmodified-Since`)
  if (noneMatch !== undefined && matches(noneMatch, subject.etag)) throw preconditionFailed(`${prefix}If-None-Match`)
  if (noneMatch === undefined && modified === false) throw preconditionFailed(`${prefix}If-Modified-Since`)
}

/** Preconditions of a write against what is there now. Throws PreconditionFailed, NoSuchKey, NotImplemented. */
export function checkWriteConditions(request: VerifiedRequest, key: string, current: Version | undefined): void {
  const noneMatch = header(request, 'if-none-match')
  if (noneMatch !== undefined) {
    if (noneMatch !== '*') throw notImplemented('A header you provided implies functionality that is not implemented')
    if (current && !current.marker) throw preconditionFailed('If-None-Match')
  }
  checkIfMatch(header(request, 'if-match'), key, current)
}

/** If-Match of a write or a deletion. Throws PreconditionFailed, NoSuchKey. */
export function checkIfMatch(match: string | undefined, key: string, current: Version | undefined): void {
  if (match === undefined) return
  if (!current || current.marker) throw noSuchKey(key)
  if (!matches(match, current.etag)) throw preconditionFailed('If-Match')
}

function matches(list: string, etag: string): boolean {
  return list.split(',').some((item) => {
    const given = item
      .trim()
      .replace(/^W\//, '')
      .replace(/^"(.*)"$/, '$1')
    return given === '*' || given === etag
  })
}

/** Undefined without a usable date: such a condition is ignored (RFC 9110 section 13.1.3). */
function isModifiedSince(subject: Subject, date: string | undefined): boolean | undefined {
  const since = date === undefined ? NaN : Date.parse(date)
  if (Number.isNaN(since)) return undefined
  return Math.floor(subject.modifiedMs / 1000) > Math.floor(since / 1000)
}

/** Bytes `start` up to, but without, `end`. */
export interface ByteRange {
  start: number
  end: number
}

/**
 * A Range header on a representation of this size (RFC 9110 section 14.2). Undefined: the whole, also for what S3 ignores
 * (several ranges, another unit). `'unsatisfiable'`: answer 416.
 */
export function parseRange(value: string | undefined, size: number): ByteRange | 'unsatisfiable' | undefined {
  const found = /^bytes=(\d*)-(\d*)$/.exec(value?.trim() ?? '')
  const [first, last] = [found?.[1] ?? '', found?.[2] ?? '']
  if (first === '' && last === '') return undefined
  if (first === '') {
    const length = Math.min(Number(last), size)
    return length === 0 ? 'unsatisfiable' : { start: size - length, end: size }
  }
  const start = Number(first)
  if (last !== '' && Number(last) < start) return undefined
  if (start >= size) return 'unsatisfiable'
  return { start, end: last === '' ? size : Math.min(Number(last) + 1, size) }
}

/** x-amz-copy-source-range: both ends given and inside of the source. Throws InvalidArgument. */
export function parseCopyRange(value: string | undefined, size: number): ByteRange {
  if (value === undefined) return { start: 0, end: size }
  const found = /^bytes=(\d+)-(\d+)$/.exec(value)
  const [start, last] = [Number(found?.[1]), Number(found?.[2])]
  const name = 'x-amz-copy-source-range'
  if (!found || last < start) {
    throw invalidArgument(
      'The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy',
      name,
      value,
    )
  }
  if (last < size) return { start, end: last + 1 }
  throw invalidArgument(`Range specified is not valid for source object of size: ${String(size)}`, name, value)
}
