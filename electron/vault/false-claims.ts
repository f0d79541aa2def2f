import { isCofferError } from '../base/errors.ts'
import type { ServerFinding } from '../base/server-checks.ts'
import { findFalseClaims } from '../cloud/server-test/false-claims.ts'
import type { Vault } from './vault.ts'

const asked = new WeakMap<Vault['s3'], Promise<boolean>>()

/**
 * True if a foreign server claims encryptions that do not exist: there are servers that store the headers of encryption,
 * say them back, and store plaintext. Asked once a place, unless it was tested; what is found is stored with it. False where
 * it cannot be told. Throws failures of the network.
 */
export async function claimsFalsely(vault: Vault, bucket: string): Promise<boolean> {
  const { kind, tested } = vault.server
  if (kind !== 'foreign') return false
  if (tested?.claimsFalsely !== undefined) return tested.claimsFalsely
  const question = asked.get(vault.s3) ?? ask(vault, bucket)
  asked.set(vault.s3, question)
  try {
    return await question
  } catch (error) {
    asked.delete(vault.s3)
    throw error
  }
}

/** Milliseconds. */
const ASK_MS = 60_000

/** Not stopped by what stops one of the files that wait for it. */
async function ask({ s3, findings }: Vault, bucket: string): Promise<boolean> {
  const signal = AbortSignal.timeout(ASK_MS)
  const found = await findFalseClaims(s3, bucket, signal).catch((error: unknown): ServerFinding[] => {
    if (isCofferError(error, 'ACCESS_DENIED')) return []
    throw error
  })
  for (const finding of found) if (finding.outcome !== 'unknown') findings?.learn(finding)
  return found.some(({ check, outcome }) => check === 'sse.false-claim' && outcome === 'wrong')
}
