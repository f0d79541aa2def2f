import { randomUUID } from 'node:crypto'
import type { S3Client } from '@aws-sdk/client-s3'
import type { ServerFinding } from '../../base/server-checks.ts'
import { removeScratch } from './cleanup.ts'
import { head } from './requests.ts'
import { newScratch, putText, type Scratch } from './scratch.ts'
import { HOLDS, judge, refusalOf, type Verdict } from './verdict.ts'

/** What shows that a server's word about encryption is worth nothing, in words that follow "but"; null: nothing does. */
export type Disproof = string | null

/** An encryption that no server has. One that stores what it is told to store says afterwards that it did this, too. */
const NO_SUCH_ENCRYPTION = 'coffer-test'

/**
 * Asks for an encryption and for a KMS key that do not exist, and whether the server claims them afterwards. Nothing is
 * stored by one that refuses both. Throws what `judge` throws.
 */
export async function testFalseClaims(
  scratch: Scratch,
): Promise<{ findings: ServerFinding[]; disproof: Disproof; stored: boolean }> {
  let disproof: Disproof = null
  let stored = false
  const unknownKey = await judge('sse-kms.unknown-key', async () => {
    const impossible = { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: randomUUID() } as const
    if ((await refusalOf(putText(scratch, 'no-such-key', '', impossible))) !== null) return HOLDS
    stored = true
    const { ServerSideEncryption: said } = await head(scratch, 'no-such-key')
    if (said !== 'aws:kms') return ['wrong', 'It takes no notice of the KMS key that is named.']
    disproof = 'it says the same of a KMS key that does not exist'
    return ['wrong', 'It says that it encrypted a file under a KMS key that does not exist.']
  })
  const claim = await judge('sse.false-claim', async (): Promise<Verdict> => {
    const impossible = { ServerSideEncryption: NO_SUCH_ENCRYPTION as 'AES256' }
    if ((await refusalOf(putText(scratch, 'no-such-encryption', '', impossible))) === null) {
      stored = true
      const { ServerSideEncryption: said } = await head(scratch, 'no-such-encryption')
      if ((said as string) === NO_SUCH_ENCRYPTION) disproof = 'it says the same of an encryption that does not exist'
    }
    return disproof === null ? HOLDS : ['wrong', `It says that it encrypts files, but ${disproof}.`]
  })
  return { findings: [claim, unknownKey], disproof, stored }
}

/** How long the few objects of this may take to be removed, in milliseconds. */
const REMOVE_MS = 30_000

/** The same by itself, for a server that was not tested. What it stored is removed again. Throws what `judge` throws. */
export async function findFalseClaims(s3: S3Client, bucket: string, signal: AbortSignal): Promise<ServerFinding[]> {
  const scratch = newScratch(s3, bucket, signal)
  let stored = true
  try {
    const found = await testFalseClaims(scratch)
    stored = found.stored
    return found.findings
  } finally {
    if (stored) await removeScratch({ ...scratch, signal: AbortSignal.timeout(REMOVE_MS) }).catch(() => undefined)
  }
}
