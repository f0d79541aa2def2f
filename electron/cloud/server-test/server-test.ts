import { PutObjectCommand } from '@aws-sdk/client-s3'
import type { ServerFinding } from '../../base/server-checks.ts'
import { send } from '../send.ts'
import { testSubResources } from '../sub-resources/read-form.ts'
import { testChecksums } from './checksums.ts'
import { removeScratch } from './cleanup.ts'
import { testConditions } from './conditions.ts'
import { makeTestKey, removeTestKey, testKms, type TestKey } from './kms.ts'
import { testMetadata } from './metadata.ts'
import { testModes } from './modes.ts'
import { testNames } from './names.ts'
import { headersOf } from './requests.ts'
import { at, newScratch, type Scratch, type TestInput } from './scratch.ts'
import { testVersions } from './versions.ts'

export interface ServerTestResult {
  findings: ServerFinding[]
  /** The `Server` header of its answers. */
  server: string | undefined
  /** Keys of the test that could not be removed. */
  left: string[]
}

/** How long what a test has written may take to be removed, in milliseconds. */
const REMOVE_MS = 120_000

/**
 * Finds out what a server really does, by small requests on objects of its own below `.coffer-test-…/` in one bucket and,
 * where a KMS was named, a KMS key of its own. All of it is removed again, whatever happens. It changes no setting of the
 * bucket. Throws BUCKET_NOT_FOUND, ACCESS_DENIED if nothing may be written, CANCELLED, and failures of network and
 * credentials.
 */
export async function testServer(input: TestInput, signal: AbortSignal): Promise<ServerTestResult> {
  const scratch = newScratch(input.s3, input.bucket, signal)
  let key: TestKey | undefined
  try {
    const server = await firstAnswer(scratch)
    key = await makeTestKey(input, signal)
    const findings = await testAll(scratch, input, key)
    return { findings, server, left: await removeScratch({ ...scratch, signal: AbortSignal.timeout(REMOVE_MS) }) }
  } catch (error) {
    await removeScratch({ ...scratch, signal: AbortSignal.timeout(REMOVE_MS) }).catch(() => undefined)
    throw error
  } finally {
    if (key?.keyId !== undefined) await removeTestKey(input.kms, key.keyId, AbortSignal.timeout(REMOVE_MS))
  }
}

/** Stores the first object; what fails here fails for a reason that has to be seen to first. */
async function firstAnswer(scratch: Scratch): Promise<string | undefined> {
  const put = new PutObjectCommand({ ...at(scratch, 'first'), Body: Buffer.from('Coffer tests this place.') })
  const headers = headersOf(put)
  await send(scratch.s3, put, scratch.signal)
  return headers().server
}

async function testAll(scratch: Scratch, { kms, kmsKey }: TestInput, key: TestKey): Promise<ServerFinding[]> {
  const { s3, bucket, folder, signal } = scratch
  const modes = await testModes(scratch, kmsKey ?? key.keyId)
  const own = key.keyId === undefined ? notTried(key.why) : await testKms(scratch, kms, key)
  return [
    ...modes.map((finding) => (own.encrypts ? proven(finding) : finding)),
    ...own.findings,
    ...(await sideBySide([
      testMetadata(scratch),
      testConditions(scratch),
      testChecksums(scratch),
      testVersions(scratch),
      testNames(scratch),
      testSubResources(s3, { Bucket: bucket, Key: `${folder}first` }, signal),
    ])),
  ]
}

/** All that they found, in their order. If one fails, the others come to their end first: then nothing writes any more. */
async function sideBySide(groups: Promise<ServerFinding[]>[]): Promise<ServerFinding[]> {
  await Promise.allSettled(groups)
  return (await Promise.all(groups)).flat()
}

function notTried(detail: string): { findings: ServerFinding[]; encrypts: boolean } {
  const checks = ['kms.wrong-context', 'kms.disabled-key'] as const
  return { findings: checks.map((check) => ({ check, outcome: 'unknown', detail })), encrypts: false }
}

/** A file that nobody can read once its KMS key is disabled is encrypted under it. */
function proven(finding: ServerFinding): ServerFinding {
  if (!finding.check.startsWith('sse-kms.') || finding.outcome !== 'reported') return finding
  return { ...finding, outcome: 'holds', detail: 'Without its KMS key, such a file cannot be read.' }
}
