import { fromBase64 } from '../base/bytes.ts'
import { CofferError } from '../base/errors.ts'
import { isEnvelopeName } from './names.ts'

/** The envelope's own names and values among an object's metadata. An empty value counts as absent. */
export type Fields = Map<string, string>

/** Picks the envelope's names, in whatever case they come. Throws ENVELOPE_INVALID if one comes twice in different case. */
export function pickFields(metadata: Record<string, string>): Fields {
  const fields: Fields = new Map()
  const seen = new Set<string>()
  for (const [name, value] of Object.entries(metadata)) {
    const lower = name.toLowerCase()
    if (!isEnvelopeName(lower)) continue
    if (seen.has(lower)) throw broken(`${lower} is there twice`)
    seen.add(lower)
    if (value !== '') fields.set(lower, value)
  }
  return fields
}

/** The value of a field that must be there. */
export function required(fields: Fields, name: string): string {
  const value = fields.get(name)
  if (value === undefined) throw broken(`${name} is missing`)
  return value
}

/** The decoded value of a base64 field that must be there, of one of these lengths in bytes if any are given. */
export function requiredBytes(fields: Fields, name: string, length?: number): Buffer {
  const bytes = fromBase64(required(fields, name))
  if (bytes === null || bytes.length === 0) throw broken(`${name} is not base64`)
  if (length !== undefined && bytes.length !== length) throw broken(`${name} is not ${length} bytes long`)
  return bytes
}

/** Throws ENVELOPE_INVALID if any of these names is there: formats never mix, whoever adds a name to an object. */
export function refuseNames(fields: Fields, names: Iterable<string>, where: string): void {
  for (const name of names) if (fields.has(name)) throw broken(`${name} does not belong in ${where}`)
}

/** The one way to say that an envelope is ours but cannot be believed. */
export function broken(what: string): CofferError {
  return new CofferError('ENVELOPE_INVALID', `The object's encryption metadata is broken: ${what}.`)
}
