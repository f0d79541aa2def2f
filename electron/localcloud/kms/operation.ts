import { z } from 'zod'
import { fromBase64 } from '../../base/bytes.ts'
import { KmsError } from '../request.ts'
import type { Caller, Core } from './core.ts'
import { CONTEXT_RULE, isEncryptionContext } from './encryption-context.ts'

/** One action of the JSON API: raw input in, output (or KmsError) out. Buffers in an output are sent as base64. */
export type Operation = (core: Core, caller: Caller, input: unknown) => object

/** An action with its input's shape. Throws ValidationException for input of another shape. */
export function operation<Shape extends z.ZodRawShape>(
  shape: Shape,
  run: (core: Core, caller: Caller, input: z.infer<z.ZodObject<Shape>>) => object,
): Operation {
  const schema = z.object(shape)
  return (core, caller, raw) => {
    const parsed = schema.safeParse(raw)
    if (parsed.success) return run(core, caller, parsed.data)
    const issues = parsed.error.issues.map(
      (issue) => `Value at '${memberName(issue.path)}' failed to satisfy constraint: ${issue.message}`,
    )
    const count = issues.length === 1 ? '1 validation error' : `${issues.length} validation errors`
    throw new KmsError('ValidationException', `${count} detected: ${issues.join('; ')}`)
  }
}

/** KMS's validation messages spell members in lower camel case. */
function memberName(path: PropertyKey[]): string {
  return path.map((part) => String(part).replace(/^[A-Z]/, (first) => first.toLowerCase())).join('.')
}

/** A KeyId parameter. */
export const keyIdField = z.string().min(1).max(2048)

/** Not by z.record, which leaves a pair named __proto__ out: it would go unauthenticated. */
export const contextField = z.custom<Record<string, string>>(isEncryptionContext, CONTEXT_RULE).default({})

export const dryRunField = z.boolean().optional()

/** Base64 of `min` to `max` bytes. */
export function blobField(min: number, max: number) {
  return z.string().transform((text, ctx) => {
    const bytes = fromBase64(text)
    if (bytes && bytes.length >= min && bytes.length <= max) return bytes
    ctx.addIssue(`Member must be base64 of ${min} to ${max} bytes`)
    return z.NEVER
  })
}

/** SYMMETRIC_DEFAULT is the one algorithm of symmetric keys; others are refused where they are asked for. */
export const algorithmField = z.string().default('SYMMETRIC_DEFAULT')

/** Throws InvalidKeyUsageException for an algorithm that a symmetric key does not have. */
export function requireSymmetric(algorithm: string): void {
  if (algorithm === 'SYMMETRIC_DEFAULT') return
  throw new KmsError(
    'InvalidKeyUsageException',
    `The ${algorithm} algorithm is not compatible with SYMMETRIC_DEFAULT keys.`,
  )
}

/** With DryRun, everything is checked and nothing is done. Throws DryRunOperationException. */
export function stopIfDryRun(dryRun: boolean | undefined): void {
  if (dryRun) {
    throw new KmsError('DryRunOperationException', 'The request would have succeeded, but the DryRun option is set.')
  }
}

export const markerFields = (max: number) => ({
  Limit: z.number().int().min(1).max(max).optional(),
  Marker: z.string().min(1).max(1024).optional(),
})

export interface Page<T> {
  items: T[]
  more: { Truncated: boolean; NextMarker?: string }
}

/**
 * One page of a sorted listing. `fetch` gives up to that many items after a place; a Marker is the last item's place in
 * base64url. Throws InvalidMarkerException.
 */
export function page<T>(
  { Limit, Marker }: { Limit?: number | undefined; Marker?: string | undefined },
  usual: number,
  fetch: (after: string, limit: number) => T[],
  placeOf: (item: T) => string,
): Page<T> {
  const limit = Limit ?? usual
  const fetched = fetch(Marker === undefined ? '' : readMarker(Marker), limit + 1)
  const items = fetched.slice(0, limit)
  const last = items.at(-1)
  if (fetched.length <= limit || last === undefined) return { items, more: { Truncated: false } }
  return { items, more: { Truncated: true, NextMarker: Buffer.from(placeOf(last)).toString('base64url') } }
}

function readMarker(marker: string): string {
  const bytes = Buffer.from(marker, 'base64url')
  if (bytes.toString('base64url') === marker) return bytes.toString()
  throw new KmsError('InvalidMarkerException', 'Could not deserialize marker')
}
