import type { IncomingHttpHeaders } from 'node:http'
import { fromBase64 } from '../../base/bytes.ts'
import { S3Error, type Checksum, type ChecksumAlgorithm } from '../request.ts'
import { CHECKSUM_BYTES } from './digest.ts'

const PREFIX = 'x-amz-checksum-'
/** Headers of the same family that carry no digest. */
const NO_DIGEST = new Set(['algorithm', 'type', 'mode'])

/** The checksum a client claims for its payload: its value at once (header), or later (trailer). */
export interface ClaimedChecksum {
  algorithm: ChecksumAlgorithm
  header: string
  /** Undefined: it comes in the trailer. */
  value: string | undefined
}

/** Finds the one checksum that a request's header or announced trailer names. Throws InvalidRequest. */
export function claimedChecksum(headers: IncomingHttpHeaders): ClaimedChecksum | undefined {
  const named = Object.keys(headers).filter(
    (name) => name.startsWith(PREFIX) && !NO_DIGEST.has(name.slice(PREFIX.length)),
  )
  const announced = [...announcedTrailers(headers)].filter((name) => name.startsWith(PREFIX))
  const [header, ...more] = [...named, ...announced]
  if (header === undefined) {
    if (headers['x-amz-sdk-checksum-algorithm'] === undefined) return undefined
    throw invalid(
      'x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were found.',
    )
  }
  if (more.length > 0) {
    throw invalid('Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.')
  }
  const algorithm = algorithmOf(header)
  if (named.length === 0) return { algorithm, header, value: undefined }
  return { algorithm, header, value: checkedValue(algorithm, header, text(headers[header])) }
}

/** Lower-case names of the trailers that a request says will follow its body. */
export function announcedTrailers(headers: IncomingHttpHeaders): Set<string> {
  const names = text(headers['x-amz-trailer']).split(',')
  return new Set(names.map((name) => name.trim().toLowerCase()).filter((name) => name !== ''))
}

/** A digest in base64, of the length its algorithm gives. Throws InvalidRequest. */
export function checkedValue(algorithm: ChecksumAlgorithm, header: string, value: string): string {
  if (fromBase64(value)?.length === CHECKSUM_BYTES[algorithm]) return value
  throw invalid(`Value for ${header} header is invalid.`)
}

/** Compares what was claimed with what was computed. Throws BadDigest. */
export function matchChecksum(claimed: Checksum, computed: Buffer): void {
  if (claimed.value === computed.toString('base64')) return
  throw new S3Error('BadDigest', 400, `The ${claimed.algorithm} you specified did not match the calculated checksum.`)
}

function algorithmOf(header: string): ChecksumAlgorithm {
  const name = header.slice(PREFIX.length).toUpperCase()
  if (Object.hasOwn(CHECKSUM_BYTES, name)) return name as ChecksumAlgorithm
  throw invalid(`Checksum algorithm ${name} is not supported.`)
}

function text(value: string | string[] | undefined): string {
  return typeof value === 'string' ? value : (value?.join(',') ?? '')
}

function invalid(message: string): S3Error {
  return new S3Error('InvalidRequest', 400, message)
}
