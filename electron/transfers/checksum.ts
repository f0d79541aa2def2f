import type { S3Client } from '@aws-sdk/client-s3'

/** True if this place takes the newer checksums: its connection says so, once, for the whole client. */
export async function saysChecksums(s3: S3Client): Promise<boolean> {
  return (await s3.config.requestChecksumCalculation()) === 'WHEN_SUPPORTED'
}

/** The value of `x-amz-checksum-crc32`: big-endian, base64. */
export function base64Crc(value: number): string {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes.toString('base64')
}
