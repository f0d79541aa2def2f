import type { S3Client } from '@aws-sdk/client-s3'
import { CofferError } from '../base/errors.ts'
import { describeFailure } from '../cloud/failure.ts'
import { throwIfAborted } from '../cloud/send.ts'
import { totalOf } from '../cloud/size-of-object.ts'
import { TOO_SLOW } from '../cloud/wire/pace.ts'
import type { AnswerFields } from '../cloud/wire/fields.ts'
import { getObjectInto, type Room } from '../cloud/wire/wire.ts'
import type { CustomerKeyFields } from '../modes/mode.ts'
import { backOff, isPassing } from './backoff.ts'
import { saysChecksums } from './checksum.ts'
import { requireChecksum } from './whole-checksum.ts'

/** One stored object, pinned: what was looked at is what is read, or it is an error. */
export interface Stored {
  bucket: string
  key: string
  versionId: string | undefined
  etag: string
  /** Bytes as stored. */
  size: number
  customerKey: CustomerKeyFields
}

/** Repeats of one range; any byte that arrives starts the count anew, within the second bound. */
const MAX_BARREN_ATTEMPTS = 5
const MAX_ATTEMPTS = 30

/** A byte that was changed on the way comes right the next time. What the server itself calls damaged stays so. */
const MAX_WRONG_CHECKSUMS = 3

export interface FetchWatch {
  signal: AbortSignal
  /** Bytes that have come since the last call; negative where what came was for nothing. */
  onBytes?: ((bytes: number) => void) | undefined
}

/**
 * Fills `into` with the object's bytes from `start`. A range that breaks off goes on where it broke; a whole object begins
 * anew, so that its checksum counts. Returns the request id of the first answer. Throws CHANGED_WHILE_READ if the object was
 * replaced, TRUNCATED if it is shorter than it said, INTEGRITY if it does not match its checksum.
 */
export async function fetchRange(
  s3: S3Client,
  stored: Stored,
  start: number,
  into: Buffer,
  { signal, onBytes }: FetchWatch,
): Promise<string | undefined> {
  const whole = isWhole(stored, start, start + into.length)
  let requestId: string | undefined
  let filled = 0
  let barren = 0
  for (let attempt = 1; ; attempt++) {
    const before = filled
    let hasCome = false
    try {
      const room: Room = {
        place(answer) {
          requestId ??= answer.$metadata.requestId
          const objection = objectionTo(answer, stored, whole)
          if (objection !== null) throw objection
          if ((answer.ContentLength ?? 0) > into.length - filled) throw unasked(stored)
          return into.subarray(filled)
        },
        onBytes(count) {
          filled += count
          onBytes?.(count)
        },
      }
      const answer = await ask(s3, stored, start + filled, start + into.length, room, signal)
      if (filled < into.length) throw new CofferError('NETWORK', 'The server closed the connection in the middle.')
      hasCome = true
      if (whole) await requireChecksum(into, answer)
      return requestId
    } catch (error) {
      throwIfAborted(signal)
      const failure = describeFailure(error, { service: 'S3', operation: 'GetObject', input: {} })
      barren = filled > before ? 1 : barren + 1
      const mayPass = isPassing(failure) || (hasCome && failure.code === 'INTEGRITY' && attempt < MAX_WRONG_CHECKSUMS)
      if (
        !mayPass ||
        failure.facts.networkCode === TOO_SLOW ||
        barren >= MAX_BARREN_ATTEMPTS ||
        attempt >= MAX_ATTEMPTS
      )
        throw failure
      // A range may have broken off after its last byte. Of a whole object, even of an empty one, only an answer without
      // a fault counts: it is compared with S3's checksum.
      if (!whole && filled === into.length) return requestId
      if (whole) {
        onBytes?.(-filled)
        filled = 0
      }
      await backOff(barren, signal)
    }
  }
}

/** The whole object is asked for without a range, so that S3 says its checksum, where the place is to be asked for it. */
async function ask(
  s3: S3Client,
  stored: Stored,
  from: number,
  to: number,
  room: Room,
  signal: AbortSignal,
): Promise<AnswerFields> {
  const part = isWhole(stored, from, to) ? await checksumMode(s3) : { Range: `bytes=${from}-${to - 1}` }
  const { bucket: Bucket, key: Key, versionId: VersionId, etag: IfMatch, customerKey } = stored
  return getObjectInto(s3, { Bucket, Key, IfMatch, VersionId, ...part, ...customerKey }, room, signal)
}

function isWhole({ size }: Stored, from: number, to: number): boolean {
  return from === 0 && to === size
}

/** Asks S3 to say the checksum it keeps, where the place takes the newer checksums. */
export async function checksumMode(s3: S3Client): Promise<{ ChecksumMode?: 'ENABLED' }> {
  return (await saysChecksums(s3)) ? { ChecksumMode: 'ENABLED' } : {}
}

/** What is wrong with the head of an answer, before a byte of its body is taken. */
function objectionTo(answer: AnswerFields, stored: Stored, whole: boolean): CofferError | null {
  // Servers exist that ignore If-Match; the ETag of the answer says the same.
  if (answer.ETag !== undefined && answer.ETag !== stored.etag) return replaced(stored)
  if (!whole && answer.ContentRange === undefined) return withoutRanges(stored)
  const announced = whole ? answer.ContentLength : totalOf(answer.ContentRange)
  if (announced === undefined || announced === stored.size) return null
  return new CofferError('TRUNCATED', `s3://${stored.bucket}/${stored.key} is not as long as S3 said.`)
}

function replaced({ bucket, key }: Stored): CofferError {
  return new CofferError('CHANGED_WHILE_READ', `s3://${bucket}/${key} was replaced in the meantime.`, {
    hint: 'Try again: it is another object now.',
  })
}

function withoutRanges({ bucket, key }: Stored): CofferError {
  return new CofferError('UNSUPPORTED', `The server gives all of s3://${bucket}/${key} where a part is asked for.`, {
    hint: 'Coffer reads objects of more than 8 MiB in parts (Range). Ask whoever runs the server, or the proxy before it.',
  })
}

function unasked({ bucket, key }: Stored): CofferError {
  return new CofferError('SERVER', `The server sent other bytes of s3://${bucket}/${key} than it was asked for.`)
}
