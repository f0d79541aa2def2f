import { GetObjectCommand, HeadObjectCommand, PutObjectCommand, type HeadObjectCommandOutput } from '@aws-sdk/client-s3'
import type { ServerFinding } from '../../base/server-checks.ts'
import type { WriteWay } from '../behaviour.ts'
import { send } from '../send.ts'
import { testFalseClaims, type Disproof } from './false-claims.ts'
import { head, headersOf, WRITES, type Encryption } from './requests.ts'
import { at, putText, throwawayKey, type Scratch } from './scratch.ts'
import { HOLDS, judge, refusalOf, type Verdict } from './verdict.ts'

type ServerMode = 'sse-s3' | 'sse-kms' | 'sse-c'

const WAYS: readonly WriteWay[] = ['put', 'multipart', 'copy']

/**
 * Each mode in which the server encrypts, by each way to write. What a server says of SSE-S3 and SSE-KMS cannot be seen from
 * outside; so it is asked for what cannot be, too: a server that also claims that is not believed.
 */
export async function testModes(scratch: Scratch, kmsKey: string | undefined): Promise<ServerFinding[]> {
  await putText(scratch, 'plain', 'Something to be copied.')
  const customer = await testCustomerKey(scratch)
  const s3 = await testWays(scratch, 'sse-s3', { ServerSideEncryption: 'AES256' })
  const kms = await testWays(scratch, 'sse-kms', await kmsFields(scratch, kmsKey))
  const claims = await testFalseClaims(scratch)
  const disproof = claims.disproof ?? customer.disproof
  const disbelieved = [...s3, ...kms].map((finding) => disbelieve(finding, disproof))
  return [...claims.findings, ...disbelieved, ...customer.findings]
}

function disbelieve(finding: ServerFinding, disproof: Disproof): ServerFinding {
  if (disproof === null || finding.outcome !== 'reported') return finding
  return { ...finding, outcome: 'wrong', detail: `It says that it encrypts, but ${disproof}.` }
}

/** A server need not use the KMS that was named for the place; then it has keys of its own, and one that it takes unnamed. */
async function kmsFields(scratch: Scratch, kmsKey: string | undefined): Promise<Encryption> {
  const unnamed = { ServerSideEncryption: 'aws:kms' } as const
  if (kmsKey === undefined) return unnamed
  const named = { ...unnamed, SSEKMSKeyId: kmsKey }
  const isTaken = await judge('sse-kms.put', async () => {
    await putText(scratch, 'which-kms-key', '', named)
    return HOLDS
  })
  return isTaken.outcome === 'holds' ? named : unnamed
}

async function testCustomerKey(scratch: Scratch): Promise<{ findings: ServerFinding[]; disproof: Disproof }> {
  const key = throwawayKey()
  const ways = await testWays(scratch, 'sse-c', key)
  const written = at(scratch, 'sse-c-put')
  const stored = ways.some(({ check, outcome }) => check === 'sse-c.put' && ['holds', 'wrong'].includes(outcome))
  const unless = (work: () => Promise<Verdict>) => async (): Promise<Verdict> =>
    stored ? work() : ['unknown', 'It stores no file under SSE-C.']
  const opened = (fields: Encryption) =>
    refusalOf(send(scratch.s3, new GetObjectCommand({ ...written, ...fields }), scratch.signal))
  const findings = [
    ...ways,
    await judge(
      'sse-c.without-key',
      unless(async () => ((await opened({})) === null ? ['wrong', 'It gives the file to whoever asks.'] : HOLDS)),
    ),
    await judge(
      'sse-c.wrong-key',
      unless(async () => ((await opened(throwawayKey())) === null ? ['wrong', 'Any key opens the file.'] : HOLDS)),
    ),
    await judge(
      'sse-c.key-not-echoed',
      unless(async () =>
        (await repeatsKey(scratch, key)) ? ['wrong', 'It sends the key back with its answers.'] : HOLDS,
      ),
    ),
  ]
  const isOpenClaim = ways.some(({ detail }) => detail === OPEN_CLAIM)
  return { findings, disproof: isOpenClaim ? 'it says the same of SSE-C, and gives such files without the key' : null }
}

const OPEN_CLAIM = 'It says that it used the key, and gives the file to whoever asks without it.'

async function testWays(scratch: Scratch, mode: ServerMode, encryption: Encryption): Promise<ServerFinding[]> {
  const findings: ServerFinding[] = []
  for (const way of WAYS) {
    const name = `${mode}-${way}`
    findings.push(
      await judge(`${mode}.${way}`, async () => {
        await WRITES[way](scratch, name, encryption)
        return observed(scratch, name, encryption)
      }),
    )
  }
  return findings
}

/** What the finished object is, compared with what was asked for. */
async function observed(scratch: Scratch, name: string, encryption: Encryption): Promise<Verdict> {
  const found = await head(scratch, name, encryption)
  const shortfall = shortfallOf(found, encryption)
  if (encryption.SSECustomerKey === undefined) return shortfall === null ? REPORTED : ['wrong', shortfall]
  const isOpen = (await refusalOf(head(scratch, name))) === null
  if (shortfall !== null) return ['wrong', shortfall]
  return isOpen ? ['wrong', OPEN_CLAIM] : HOLDS
}

const REPORTED: Verdict = ['reported', 'It says so; how it stores a file, only its owner can see.']

function shortfallOf(found: HeadObjectCommandOutput, encryption: Encryption): string | null {
  const { SSECustomerKeyMD5, ServerSideEncryption, SSEKMSKeyId } = encryption
  if (SSECustomerKeyMD5 !== undefined) {
    if (found.SSECustomerAlgorithm === undefined) return 'It accepts the key and reports no encryption with it.'
    return (found.SSECustomerKeyMD5 ?? SSECustomerKeyMD5) === SSECustomerKeyMD5 ? null : 'It reports another key.'
  }
  const { ServerSideEncryption: said } = found
  if (said === undefined) return 'It accepts the request and reports no encryption.'
  if (said !== ServerSideEncryption) return `It reports ${said} instead of ${ServerSideEncryption ?? ''}.`
  const isOther =
    SSEKMSKeyId !== undefined && found.SSEKMSKeyId !== undefined && !sameKey(SSEKMSKeyId, found.SSEKMSKeyId)
  return isOther ? 'It reports another KMS key than was named.' : null
}

/** Servers report a key's ARN, or what they were given. */
function sameKey(one: string, other: string): boolean {
  const last = (id: string): string => id.slice(Math.max(id.lastIndexOf('/'), id.lastIndexOf(':')) + 1)
  return one.includes('alias/') || other.includes('alias/') || last(one) === last(other)
}

/** True if the key stands in a header of an answer: whoever logs answers has it then. */
async function repeatsKey(scratch: Scratch, key: ReturnType<typeof throwawayKey>): Promise<boolean> {
  const put = new PutObjectCommand({ ...at(scratch, 'sse-c-echo'), Body: Buffer.from('x'), ...key })
  const look = new HeadObjectCommand({ ...at(scratch, 'sse-c-echo'), ...key })
  const heard = [headersOf(put), headersOf(look)]
  await send(scratch.s3, put, scratch.signal)
  await send(scratch.s3, look, scratch.signal)
  return heard.some((headers) => Object.values(headers()).some((value) => value.includes(key.SSECustomerKey)))
}
