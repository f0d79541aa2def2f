import type { ErrorCode } from '../base/errors.ts'

/** Who was asked. STS: whoever gives credentials. */
export type Service = 'S3' | 'KMS' | 'STS'

/** What was asked, as far as an error may tell it. */
export interface Call {
  service: Service
  /** `PutObject`, `Decrypt`. */
  operation: string
  input: Record<string, unknown>
}

/** What a service answered. */
export interface Answer {
  /** The service's error code, without S3's `KMS.` prefix; '' if the answer names none, as those to HEAD. */
  code: string
  /** True if S3 hands on what KMS answered. */
  fromKms: boolean
  status: number
  /** In one line; '' if the server gave no reason. */
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

/** What the server said, for a person: `AccessDenied, Access Denied`; '' if it said nothing. */
export function serverWords({ code, message }: Pick<Answer, 'code' | 'message'>): string {
  return [code, message].filter((words) => words !== '').join(', ')
}

const WHO: Record<Service, string> = { S3: 'The server', KMS: 'KMS', STS: 'The sign-in service' }

/** A refusal that Coffer does not explain: the call, and what the server said of it. */
export function refusal(answer: Answer, { service, operation, input }: Call): string {
  const words = serverWords(answer)
  const what = `${WHO[service]} refused ${operation}${ofObject(input)}`
  if (words === '') return `${what} (${answer.status}) and gave no reason.`
  return `${what}: ${words}${/[.!?]$/.test(words) ? '' : '.'}`
}

function ofObject(input: Record<string, unknown>): string {
  return typeof input.Bucket === 'string' ? ` of ${nameOf(input)}` : ''
}

/** `s3://bucket/key`, or the bucket alone. */
export function nameOf(input: Record<string, unknown>): string {
  const bucket = String(input.Bucket)
  return typeof input.Key === 'string' ? `s3://${bucket}/${input.Key}` : `s3://${bucket}`
}
