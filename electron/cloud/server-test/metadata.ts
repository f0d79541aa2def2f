import { CopyObjectCommand, HeadObjectCommand } from '@aws-sdk/client-s3'
import type { ServerFinding } from '../../base/server-checks.ts'
import { send } from '../send.ts'
import { at, putText, sourceOf, type Scratch } from './scratch.ts'
import { HOLDS, judge, type Verdict } from './verdict.ts'

/** What S3 takes: https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html (user-defined object metadata). */
const LARGEST = 2 * 1024

/** As envelopes have them: base64, JSON, letters of both cases, several blanks. */
const EXACT = {
  'x-coffer-base64': 'q83vASNFZ4mrze8BI0VniavN7wEjRWeJq83vASNFZ4k=',
  'x-coffer-json': '{"aws:x-amz-cek-alg":"AES/GCM/NoPadding","k":"a=b&c, d;  e"}',
  'x-coffer-case': 'MiXeD',
}

/** Whether user metadata comes back as it was sent: an object that was encrypted here is lost without its envelope. */
export async function testMetadata(scratch: Scratch): Promise<ServerFinding[]> {
  return [
    await judge('metadata.exact', () => keeps(scratch, 'metadata', EXACT)),
    await judge('metadata.replaced', async () => {
      const [outcome, detail] = await keeps(scratch, 'metadata', { 'x-coffer-other': 'new' })
      return outcome === 'holds' ? replacesOnCopy(scratch) : [outcome, detail]
    }),
    await judge('metadata.2-kb', () => {
      const name = 'x-coffer-long'
      return keeps(scratch, 'metadata-2-kb', { [name]: 'v'.repeat(LARGEST - name.length) })
    }),
  ]
}

async function keeps(scratch: Scratch, name: string, metadata: Record<string, string>): Promise<Verdict> {
  await putText(scratch, name, 'A file with metadata.', { Metadata: metadata })
  return compare(scratch, name, metadata)
}

/** A copy with metadata of its own has nothing of its source's, nor of the object that it replaces. */
async function replacesOnCopy(scratch: Scratch): Promise<Verdict> {
  await putText(scratch, 'metadata-source', 'A file with metadata.', { Metadata: EXACT })
  const metadata = { 'x-coffer-copy': 'copied' }
  const command = new CopyObjectCommand({
    ...at(scratch, 'metadata'),
    CopySource: sourceOf(scratch, 'metadata-source'),
    MetadataDirective: 'REPLACE',
    Metadata: metadata,
  })
  await send(scratch.s3, command, scratch.signal)
  const [outcome, detail] = await compare(scratch, 'metadata', metadata)
  return outcome === 'holds' ? HOLDS : [outcome, `Of a copy: ${detail}`]
}

async function compare(scratch: Scratch, name: string, metadata: Record<string, string>): Promise<Verdict> {
  const { Metadata: there = {} } = await send(scratch.s3, new HeadObjectCommand(at(scratch, name)), scratch.signal)
  const lost = Object.keys(metadata).filter((each) => there[each] === undefined)
  if (lost.length > 0) return ['wrong', `${lost.join(', ')} is lost.`]
  const changed = Object.keys(metadata).filter((each) => there[each] !== metadata[each])
  if (changed.length > 0) return ['wrong', `${changed.join(', ')} comes back changed.`]
  const older = Object.keys(there).filter((each) => each.startsWith('x-coffer-') && metadata[each] === undefined)
  return older.length > 0 ? ['wrong', `${older.join(', ')} of an older object is still there.`] : HOLDS
}
