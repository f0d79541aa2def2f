import { CofferError } from '../base/errors.ts'
import { broken } from './fields.ts'

/** Binds the content cipher's name to the data key through KMS's authenticated context. */
const RESERVED = 'aws:x-amz-cek-alg'
/** V1 clients kept the KMS key's id in the context; it is no part of what the caller gave. */
const OLD_KEY_ID = 'kms_cmk_id'

/** The context to generate a data key under: the caller's pairs and the reserved one. Throws INVALID_INPUT if they clash. */
export function bindContext(callers: Record<string, string>, contentName: string): Record<string, string> {
  for (const name of [RESERVED, OLD_KEY_ID])
    if (Object.hasOwn(callers, name))
      throw new CofferError('INVALID_INPUT', `The encryption context may not hold ${name}; that name is reserved.`)
  return { ...callers, [RESERVED]: contentName }
}

/**
 * Checks a stored `kms+context` context before KMS is asked. Throws ENVELOPE_INVALID unless its reserved pair names the
 * object's own cipher and, if the caller gave a context, the other pairs are exactly those.
 */
export function checkBoundContext(
  stored: Record<string, string>,
  contentName: string,
  callers: Record<string, string> | undefined,
): void {
  if (!Object.hasOwn(stored, RESERVED) || stored[RESERVED] !== contentName)
    throw broken("the encryption context does not name the object's cipher")
  if (callers !== undefined && !samePairs(callersPairs(stored), callers)) throw another()
}

/**
 * Checks the context of an old `kms` wrap before KMS is asked. KMS authenticates it, but it does not name the cipher: one that
 * does was a bound one, whose wrap was renamed. Throws ENVELOPE_INVALID for that, and if the caller gave a context that is
 * neither all of it nor the writer's own pairs.
 */
export function checkLegacyContext(stored: Record<string, string>, callers: Record<string, string> | undefined): void {
  if (Object.hasOwn(stored, RESERVED)) throw broken('its wrap binds no cipher, and its encryption context names one')
  if (callers === undefined) return
  const own = callersPairs(stored)
  if (samePairs(stored, callers) || (Object.keys(own).length > 0 && samePairs(own, callers))) return
  throw another()
}

function another(): CofferError {
  return new CofferError('ENVELOPE_INVALID', "The object's encryption context is not the one that was given.", {
    hint: 'Give the encryption context it was written with, or none; if it was right, another object was put in its place.',
  })
}

/** The pairs that the writer gave, without the format's own. */
export function callersPairs(stored: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(stored).filter(([name]) => name !== RESERVED && name !== OLD_KEY_ID))
}

/** The KMS key that a V1 client named; undefined in everything newer. */
export function oldKeyId(stored: Record<string, string>): string | undefined {
  return Object.hasOwn(stored, OLD_KEY_ID) ? stored[OLD_KEY_ID] : undefined
}

function samePairs(a: Record<string, string>, b: Record<string, string>): boolean {
  const names = Object.keys(a)
  return names.length === Object.keys(b).length && names.every((name) => Object.hasOwn(b, name) && a[name] === b[name])
}
