import type { ErrorCode } from '../base/errors.ts'

/** What was asked, as far as an error may tell it. */
export interface Call {
  /** `PutObject`, `Decrypt`. */
  operation: string
  input: Record<string, unknown>
}

/** What a service answered. */
export interface Answer {
  /** The service's error code, without S3's `KMS.` prefix. Bodiless answers have none of use. */
  code: string
  /** True if S3 hands on what KMS answered. */
  fromKms: boolean
  status: number
  message: string
  headers: Record<string, string>
  /** Elements of S3's XML (Region, BucketName). */
  fields: Record<string, unknown>
  facts: Record<string, string>
}

/** A failure in Coffer's words, or null if this is not one of them. */
export type Description = { code: ErrorCode; message: string; hint?: string; facts?: Record<string, string> } | null

/** One fact, if there is text for it. */
export function text(name: string, value: unknown): Record<string, string> {
  return typeof value === 'string' && value !== '' ? { [name]: value } : {}
}
