import { readForm } from '../cloud/sub-resources/read-form.ts'
import { subResource } from '../cloud/sub-resources/table.ts'
import type { Vault } from './vault.ts'

interface Which {
  bucket: string
  key: string
}

/** What servers answered, for as long as their clients live. */
const known = new WeakMap<Vault['s3'], Map<string, Promise<boolean | undefined>>>()

/**
 * True if a read of this sub-resource of an object is answered as such. A server that does not know it may answer with the
 * object's content, of any length. Undefined: these credentials may not read it. Asked once a client. Throws failures of the
 * network.
 */
export async function knowsSubResource(
  { s3, server }: Vault,
  query: 'tagging' | 'acl',
  { bucket, key }: Which,
  signal: AbortSignal,
): Promise<boolean | undefined> {
  if (server.kind !== 'foreign') return true
  const answers = known.get(s3) ?? new Map<string, Promise<boolean | undefined>>()
  known.set(s3, answers)
  const answer = answers.get(query) ?? ask({ s3 }, query, { bucket, key }, signal)
  answers.set(query, answer)
  answer.catch(() => answers.delete(query))
  return answer
}

async function ask(
  { s3 }: Pick<Vault, 's3'>,
  query: string,
  { bucket, key }: Which,
  signal: AbortSignal,
): Promise<boolean | undefined> {
  const sub = subResource('object', query)
  if (sub === null) return false
  const { outcome } = await readForm(s3, sub, { Bucket: bucket, Key: key }, signal)
  return outcome === 'unknown' ? undefined : outcome === 'holds'
}
