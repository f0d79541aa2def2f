import { randomBytes } from 'node:crypto'
import { expect, it } from 'vitest'
import { startChecksum } from '../../../../electron/localcloud/body/digest.ts'
import type { ChecksumAlgorithm } from '../../../../electron/localcloud/request.ts'
import { checksumOfParts } from '../../../../electron/localcloud/s3/checksum-parts.ts'

function checksum(algorithm: ChecksumAlgorithm, bytes: Buffer): string {
  const digest = startChecksum(algorithm)
  digest.update(bytes)
  return digest.digest().toString('base64')
}

it.each(['CRC32', 'CRC32C', 'CRC64NVME'] as const)('%s: parts combine to what the whole would give', (algorithm) => {
  const parts = [5, 0, 70_000, 1, 70_000].map((size) => randomBytes(size))
  const known = parts.map((part) => ({ size: part.length, value: checksum(algorithm, part) }))
  expect(checksumOfParts(algorithm, 'FULL_OBJECT', known)).toBe(checksum(algorithm, Buffer.concat(parts)))
})

it('COMPOSITE is the checksum of the digests, with their number', () => {
  const parts = [randomBytes(10), randomBytes(20)].map((part) => checksum('SHA256', part))
  const whole = Buffer.concat(parts.map((value) => Buffer.from(value, 'base64')))
  const known = parts.map((value) => ({ value, size: 0 }))
  expect(checksumOfParts('SHA256', 'COMPOSITE', known)).toBe(`${checksum('SHA256', whole)}-2`)
})
