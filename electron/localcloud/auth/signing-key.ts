import { createHmac } from 'node:crypto'
import { zero } from '../../base/bytes.ts'

/** Where and when a signing key is good: SigV4's credential scope. */
export interface Scope {
  /** `YYYYMMDD`. */
  date: string
  region: string
  service: string
}

export function scopeText(scope: Scope): string {
  return `${scope.date}/${scope.region}/${scope.service}/aws4_request`
}

/** Derives SigV4's signing key (32 bytes) from a secret access key. */
export function deriveSigningKey(secretAccessKey: string, scope: Scope): Buffer {
  const parts = [scope.date, scope.region, scope.service, 'aws4_request']
  return parts.reduce<Buffer>(
    (key, part) => {
      const next = hmac(key, part)
      zero(key)
      return next
    },
    Buffer.from(`AWS4${secretAccessKey}`),
  )
}

/** HMAC-SHA256 of a string to sign, raw. */
export function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text, 'utf8').digest()
}

const CACHE_ENTRIES = 256

/** Remembers derived keys: deriving costs five HMACs, and a secret's unwrapping on top. The oldest goes first. */
export function signingKeyCache(): (accessKeyId: string, scope: Scope, secret: () => string) => Buffer {
  const keys = new Map<string, Buffer>()
  return (accessKeyId, scope, secret) => {
    const name = `${accessKeyId}/${scopeText(scope)}`
    const known = keys.get(name)
    if (known) return known
    const oldest = keys.size >= CACHE_ENTRIES ? keys.keys().next().value : undefined
    if (oldest !== undefined) keys.delete(oldest)
    const derived = deriveSigningKey(secret(), scope)
    keys.set(name, derived)
    return derived
  }
}
