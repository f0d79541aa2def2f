import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { HeadObjectCommand } from '@aws-sdk/client-s3'
import type { ServerFinding } from '../../base/server-checks.ts'
import { send } from '../send.ts'
import { at, putText, type Scratch } from './scratch.ts'
import { HOLDS, judge, refusalOf } from './verdict.ts'

const TEXT = 'A file with a checksum.'
const OTHER = 'Another one.'

/** Whether the server compares what arrives with its checksum, and stores the checksum. */
export async function testChecksums(scratch: Scratch): Promise<ServerFinding[]> {
  return [
    await judge('checksums.wrong', async () => {
      const md5 = createHash('md5').update(OTHER).digest('base64')
      const accepted = [
        ...((await refusalOf(putText(scratch, 'wrong-crc', TEXT, { ChecksumCRC32: crcOf(OTHER) }))) ? [] : ['CRC-32']),
        ...((await refusalOf(putText(scratch, 'wrong-md5', TEXT, { ContentMD5: md5 }))) ? [] : ['MD5']),
      ]
      return accepted.length === 0 ? HOLDS : ['wrong', `It accepts a wrong ${accepted.join(' and a wrong ')}.`]
    }),
    await judge('checksums.kept', async () => {
      const { s3, signal } = scratch
      await putText(scratch, 'checksum', TEXT, { ChecksumCRC32: crcOf(TEXT) })
      const look = new HeadObjectCommand({ ...at(scratch, 'checksum'), ChecksumMode: 'ENABLED' })
      const { ChecksumCRC32 } = await send(s3, look, signal)
      if (ChecksumCRC32 === undefined) return ['refused', 'It does not tell a CRC-32 afterwards.']
      return ChecksumCRC32 === crcOf(TEXT) ? HOLDS : ['wrong', 'It tells another CRC-32 afterwards.']
    }),
  ]
}

/** The value of `x-amz-checksum-crc32`: big-endian, base64. */
function crcOf(text: string): string {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(crc32(text))
  return bytes.toString('base64')
}
