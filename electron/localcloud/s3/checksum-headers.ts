import type { Checksum, ChecksumAlgorithm, VerifiedRequest } from '../request.ts'
import type { ChecksumType } from '../storage/versions.ts'
import { header } from './context.ts'
import { invalidRequest } from './failures.ts'

export const ALGORITHMS: readonly ChecksumAlgorithm[] = ['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256']

/** The algorithm a request asks the server to use (x-amz-checksum-algorithm). Throws InvalidRequest. */
export function checksumAlgorithmOf(request: VerifiedRequest): ChecksumAlgorithm | undefined {
  const asked = header(request, 'x-amz-checksum-algorithm')
  if (asked === undefined) return undefined
  const found = ALGORITHMS.find((algorithm) => algorithm === asked.toUpperCase())
  if (found) return found
  throw invalidRequest(
    'Checksum algorithm provided is unsupported. Please try again with any of the valid types: [CRC32, CRC32C, CRC64NVME, SHA1, SHA256]',
  )
}

/** How an upload's parts make the checksum of the whole (AWS, "Checking object integrity"). Throws InvalidRequest. */
export function checksumTypeOf(request: VerifiedRequest, algorithm: ChecksumAlgorithm): ChecksumType {
  const asked = header(request, 'x-amz-checksum-type')?.toUpperCase()
  const isHash = algorithm === 'SHA1' || algorithm === 'SHA256'
  if (asked === undefined) return algorithm === 'CRC64NVME' ? 'FULL_OBJECT' : 'COMPOSITE'
  if (asked !== 'FULL_OBJECT' && asked !== 'COMPOSITE') {
    throw invalidRequest('Value for x-amz-checksum-type header is invalid.')
  }
  if ((asked === 'FULL_OBJECT' && isHash) || (asked === 'COMPOSITE' && algorithm === 'CRC64NVME')) {
    throw invalidRequest(
      `The ${asked} checksum type cannot be used with the ${algorithm.toLowerCase()} checksum algorithm.`,
    )
  }
  return asked
}

/** Whether a request brings a checksum of its body, in a header or a trailer. */
export function bringsChecksum(request: VerifiedRequest): boolean {
  return (
    request.headers['x-amz-trailer'] !== undefined ||
    ALGORITHMS.some((algorithm) => request.headers[`x-amz-checksum-${algorithm.toLowerCase()}`] !== undefined)
  )
}

/** The checksum in a request's header, where it speaks of the finished object. */
export function objectChecksumHeader(request: VerifiedRequest): Checksum | undefined {
  for (const algorithm of ALGORITHMS) {
    const value = header(request, `x-amz-checksum-${algorithm.toLowerCase()}`)
    if (value !== undefined) return { algorithm, value }
  }
  return undefined
}
