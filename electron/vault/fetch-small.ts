import type { HeadObjectCommandOutput } from '@aws-sdk/client-s3'
import { CofferError } from '../base/errors.ts'
import { throwIfAborted } from '../cloud/send.ts'
import type { AnswerFields } from '../cloud/wire/fields.ts'
import { getObjectInto } from '../cloud/wire/wire.ts'
import type { CustomerKeyFields } from '../modes/mode.ts'
import { RANGE } from '../transfers/download.ts'
import { checksumMode } from '../transfers/fetch-range.ts'
import { requireChecksum } from '../transfers/whole-checksum.ts'
import { askHead, look, type Looked, type Wanted } from './look.ts'
import type { WholeBody } from './reading.ts'
import type { Vault } from './vault.ts'

/** A small object, looked at and fetched by one request. */
export interface Fetched extends Looked {
  /** As stored, and compared with S3's checksum if it said one. Null: it has to be asked for, as that of any other object. */
  body: WholeBody | null
}

/**
 * Looks at an object that is thought to be small by asking for all of it: the answer's head says what HEAD would. Where that
 * does not do, or came changed, it is looked at in the usual way, so that every rule and every failure is that of `look`.
 */
export async function lookAndFetch(vault: Vault, wanted: Wanted, signal: AbortSignal): Promise<Fetched> {
  const come: { last: Come | null } = { last: null }
  const looked = await look(vault, wanted, signal, async (...question) => {
    come.last = await askWhole(...question)
    return come.last?.head ?? askHead(...question)
  })
  return { ...looked, body: bodyOf(come.last, looked) }
}

/** The body that belongs to the very answer that was decided upon. */
function bodyOf(come: Come | null, { head }: Looked): WholeBody | null {
  return come !== null && come.head === head ? { bytes: come.body, requestId: come.head.$metadata.requestId } : null
}

interface Come {
  head: HeadObjectCommandOutput
  body: Buffer
}

async function askWhole(
  { s3 }: Vault,
  { bucket, key, versionId }: Wanted,
  customerKey: CustomerKeyFields,
  signal: AbortSignal,
): Promise<Come | null> {
  try {
    const which = { Bucket: bucket, Key: key, VersionId: versionId, ...customerKey }
    let body = NOTHING
    let filled = 0
    const room = {
      place({ ContentLength: length }: AnswerFields): Buffer {
        if (length === undefined || length > RANGE) throw new CofferError('SERVER', 'It is not small after all.')
        return (body = Buffer.allocUnsafeSlow(length))
      },
      onBytes: (count: number) => void (filled += count),
    }
    const head = await getObjectInto(s3, { ...which, ...(await checksumMode(s3)) }, room, signal)
    if (filled < body.length) return null
    await requireChecksum(body, head)
    return { head, body }
  } catch {
    throwIfAborted(signal)
    return null
  }
}

const NOTHING = Buffer.alloc(0)
