import { timingSafeEqual } from 'node:crypto'

/** Overwrites secrets in place. JavaScript can promise no more than this for a Buffer; see SECURITY.md. */
export function zero(...secrets: (Uint8Array | null | undefined)[]): void {
  for (const secret of secrets) secret?.fill(0)
}

/** Compares without leaking, through time, where two values differ; lengths are not secret. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b)
}

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

/** Decodes standard padded base64 (RFC 4648 section 4) strictly; null if it is anything else. */
export function fromBase64(text: string): Buffer | null {
  if (!BASE64.test(text)) return null
  // Only the last group may hold bits that stand for nothing; the rest of a secret is not written out again to look.
  const last = text.slice(-4)
  return Buffer.from(last, 'base64').toString('base64') === last ? Buffer.from(text, 'base64') : null
}

/** Standard padded base64 on one line. */
export function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
}
