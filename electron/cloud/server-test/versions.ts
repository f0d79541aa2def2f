import { DeleteObjectCommand, HeadObjectCommand } from '@aws-sdk/client-s3'
import type { ServerFinding } from '../../base/server-checks.ts'
import { bucketVersioning } from '../bucket-versioning.ts'
import { send } from '../send.ts'
import { at, putText, readText, type Scratch } from './scratch.ts'
import { HOLDS, judge, refusalOf, type Verdict } from './verdict.ts'

/** What the bucket's versions are good for. A bucket that keeps none cannot show it: the test changes no setting. */
export async function testVersions(scratch: Scratch): Promise<ServerFinding[]> {
  const versioning = await bucketVersioning(scratch.s3, scratch.bucket, scratch.signal)
  const onlyIf = (needed: boolean, why: string, work: () => Promise<Verdict>) => async (): Promise<Verdict> =>
    needed ? work() : ['unknown', why]
  const isOn = versioning === 'on'
  return [
    await judge(
      'versions.kept',
      onlyIf(isOn, 'The bucket keeps no versions.', () => keepsVersions(scratch)),
    ),
    await judge(
      'versions.null',
      onlyIf(!isOn, 'The bucket keeps versions; what was stored before cannot be made by a test.', () =>
        hasNull(scratch),
      ),
    ),
    await judge(
      'versions.over-marker',
      onlyIf(isOn, 'The bucket keeps no versions.', () => writesOverMarker(scratch)),
    ),
  ]
}

async function keepsVersions(scratch: Scratch): Promise<Verdict> {
  const { VersionId } = await putText(scratch, 'versions', 'one')
  await putText(scratch, 'versions', 'two')
  if (VersionId === undefined) return ['wrong', 'Versioning is on, and its answers name no version.']
  const [older, newer] = [await readText(scratch, 'versions', { VersionId }), await readText(scratch, 'versions')]
  return older === 'one' && newer === 'two' ? HOLDS : ['wrong', 'An older version is not what was stored in it.']
}

async function hasNull(scratch: Scratch): Promise<Verdict> {
  await putText(scratch, 'null-version', 'one')
  return (await readText(scratch, 'null-version', { VersionId: 'null' })) === 'one'
    ? HOLDS
    : ['wrong', 'It answers with another content.']
}

/** What is deleted is not there: `If-None-Match: *` lets it be written again. */
async function writesOverMarker(scratch: Scratch): Promise<Verdict> {
  const { s3, signal } = scratch
  const which = at(scratch, 'deleted')
  await putText(scratch, 'deleted', 'one')
  await send(s3, new DeleteObjectCommand(which), signal)
  if ((await refusalOf(send(s3, new HeadObjectCommand(which), signal))) === null) {
    return ['wrong', 'A file that was deleted can still be read.']
  }
  await putText(scratch, 'deleted', 'two', { IfNoneMatch: '*' })
  return (await readText(scratch, 'deleted')) === 'two' ? HOLDS : ['wrong', 'What was written is not there.']
}
