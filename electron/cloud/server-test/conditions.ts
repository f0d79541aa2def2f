import { CopyObjectCommand, HeadObjectCommand } from '@aws-sdk/client-s3'
import type { ServerFinding } from '../../base/server-checks.ts'
import { send } from '../send.ts'
import { putInParts } from './requests.ts'
import { at, putText, readText, sourceOf, type Scratch } from './scratch.ts'
import { HOLDS, judge, refusalOf, type Verdict } from './verdict.ts'

const FIRST = 'What was there first.'
/** An ETag that no object of the test has. */
const OTHER_ETAG = '"00000000000000000000000000000000"'

/** Whether the conditions hold by which Coffer neither overwrites nor mixes what somebody else has written meanwhile. */
export async function testConditions(scratch: Scratch): Promise<ServerFinding[]> {
  await putText(scratch, 'taken', FIRST)
  const { ETag = '' } = await send(scratch.s3, new HeadObjectCommand(at(scratch, 'taken')), scratch.signal)
  const unquoted = (etag: string): string => etag.replaceAll('"', '')
  return [
    await judge('conditions.put', async () => {
      await putText(scratch, 'free', 'x', { IfNoneMatch: '*' })
      const refusal = await refusalOf(putText(scratch, 'taken', 'Overwritten.', { IfNoneMatch: '*' }))
      return stillThere(scratch, refusal !== null)
    }),
    await judge('conditions.complete', async () => {
      await putInParts(scratch, 'free-in-parts', {}, { IfNoneMatch: '*' })
      const refusal = await refusalOf(putInParts(scratch, 'taken', {}, { IfNoneMatch: '*' }))
      return stillThere(scratch, refusal !== null)
    }),
    await judge('conditions.replace', async () => {
      const refusal = await refusalOf(putText(scratch, 'taken', 'Overwritten.', { IfMatch: OTHER_ETAG }))
      const [outcome, detail] = await stillThere(scratch, refusal !== null)
      if (outcome !== 'holds') return [outcome, detail]
      await putText(scratch, 'taken', FIRST, { IfMatch: ETag })
      return HOLDS
    }),
    await judge('conditions.if-match-quoted', () => readsIfMatch(scratch, ETag, OTHER_ETAG)),
    await judge('conditions.if-match-unquoted', () => readsIfMatch(scratch, unquoted(ETag), unquoted(OTHER_ETAG))),
    await judge('conditions.copy-source', () => copiesIfMatch(scratch, ETag)),
  ]
}

/** Puts back what a server has overwritten, so that the next check finds it. */
async function stillThere(scratch: Scratch, wasRefused: boolean): Promise<Verdict> {
  if ((await readText(scratch, 'taken')) === FIRST) {
    return wasRefused ? HOLDS : ['wrong', 'It says that it wrote the file, and did not.']
  }
  await putText(scratch, 'taken', FIRST)
  return ['wrong', wasRefused ? 'It refuses, and overwrites the file all the same.' : 'It overwrites the file.']
}

async function readsIfMatch(scratch: Scratch, etag: string, other: string): Promise<Verdict> {
  if ((await readText(scratch, 'taken', { IfMatch: etag })) !== FIRST)
    return ['wrong', 'It answers with another content.']
  const refusal = await refusalOf(readText(scratch, 'taken', { IfMatch: other }))
  return refusal === null ? ['wrong', 'It answers whatever version is asked for.'] : HOLDS
}

async function copiesIfMatch(scratch: Scratch, etag: string): Promise<Verdict> {
  const { s3, signal } = scratch
  const copy = (CopySourceIfMatch: string) => {
    const CopySource = sourceOf(scratch, 'taken')
    return send(s3, new CopyObjectCommand({ ...at(scratch, 'copied'), CopySource, CopySourceIfMatch }), signal)
  }
  await copy(etag)
  return (await refusalOf(copy(OTHER_ETAG))) === null ? ['wrong', 'It copies whatever is there.'] : HOLDS
}
