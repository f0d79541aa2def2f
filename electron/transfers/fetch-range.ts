import { addAbortSignal, Readable } from 'node:stream'
import { GetObjectCommand, type GetObjectCommandOutput, type S3Client } from '@aws-sdk/client-s3'
import { CofferError } from '../base/errors.ts'
import { dropBody } from '../cloud/body.ts'
import { describeFailure } from '../cloud/failure.ts'
import { send, throwIfAborted } from '../cloud/send.ts'
import type { CustomerKeyFields } from '../modes/mode.ts'
import { backOff, isPassing } from './backoff.ts'

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

/** A byte that was changed on the way comes right the next time; an object that is damaged stays so. */
const MAX_WRONG_CHECKSUMS = 3
