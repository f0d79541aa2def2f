import { COMMITMENT_BYTES, MESSAGE_ID_BYTES } from './derive.ts'
import { parseDescription, repairMetadata } from './description.ts'
import type { BoundWrap, Content, Envelope, WrapAlgorithm, WrappedKey } from './envelope.ts'
import { V2_GCM_NAME, V3_SUITE_NAME } from './envelope.ts'
import { broken, pickFields, refuseNames, required, requiredBytes, type Fields } from './fields.ts'
import { OLD, PLAINTEXT_LENGTH, V3, V3_ON_OBJECT } from './names.ts'

const V3_WRAPS = new Map<string, BoundWrap>([
  ['02', 'AES/GCM'],
  ['12', 'kms+context'],
  ['22', 'RSA-OAEP-SHA1'],
])
const V2_WRAPS = new Map<string, WrapAlgorithm>(
  (['AES/GCM', 'RSA-OAEP-SHA1', 'kms+context', 'kms', 'AESWrap', 'RSA/ECB/OAEPWithSHA-256AndMGF1Padding'] as const).map(
    (name) => [name, name],
  ),
)
const CBC_NAMES = ['AES/CBC/PKCS5Padding', 'AES/CBC/PKCS7Padding']

/** Exact lengths, in bytes, of a wrapped 32-byte key; the others depend on the wrapping key. */
const WRAPPED_BYTES: Partial<Record<WrapAlgorithm, number>> = { 'AES/GCM': 60, AESWrap: 40, AES: 48 }

/**
 * Reads the envelope of an object of the Amazon S3 Encryption Client, format V1, V2 or V3, from its user metadata and, where
 * it was fetched, its instruction file. Null if the object has none; throws ENVELOPE_INVALID if it has one that is broken,
 * mixed or incomplete. A file beside an object whose metadata is complete is not looked at.
 */
export function parseEnvelope(metadata: Record<string, string>, instruction?: Record<string, string>): Envelope | null {
  const { fields: onObject, traced } = take(metadata)
  if (onObject.size > 0 && !isSplit(onObject)) return { ...parseFields(onObject, repairMetadata), source: 'metadata' }
  const { fields: inFile } = take(instruction ?? {})
  if (onObject.size === 0 && inFile.size === 0 && !traced) return null
  return { ...parseFields(merge(onObject, inFile), (text) => text), source: 'instruction-file' }
}

/** Whether an object's instruction file (its key with `.instruction` after it) must be fetched to read it, or may hold its envelope. */
export function instructionNeed(metadata: Record<string, string>): 'required' | 'possible' | 'none' {
  const { fields, traced } = take(metadata)
  if (fields.size === 0) return traced ? 'required' : 'possible'
  return isSplit(fields) ? 'required' : 'none'
}

/** The envelope's fields without the plaintext's length, of which only its being there counts. */
function take(metadata: Record<string, string>): { fields: Fields; traced: boolean } {
  const fields = pickFields(metadata)
  return { traced: fields.delete(PLAINTEXT_LENGTH), fields }
}

/** True for a V3 object that keeps its wrapped key elsewhere. */
function isSplit(onObject: Fields): boolean {
  const hasKey = [OLD.keyV1, OLD.keyV2, V3.key].some((name) => onObject.has(name))
  return !hasKey && V3_ON_OBJECT.every((name) => onObject.has(name))
}

/** V1 and V2 put everything in the file; V3 only what may change with the wrapping key, and nothing may be said twice. */
function merge(onObject: Fields, inFile: Fields): Fields {
  if (inFile.size === 0) throw broken('its wrapped key is in an instruction file, and that is missing')
  refuseNames(inFile, V3_ON_OBJECT, 'an instruction file')
  if (onObject.size === 0) refuseNames(inFile, Object.values(V3), 'the instruction file of an object without x-amz-c')
  refuseNames(onObject, inFile.keys(), 'the metadata and the instruction file both')
  return new Map([...onObject, ...inFile])
}

type Parsed = Omit<Envelope, 'source'>

/** `repair` undoes what the way of storage did to text that is not ASCII. */
function parseFields(fields: Fields, repair: (text: string) => string): Parsed {
  const kinds = [OLD.keyV1, OLD.keyV2, V3.key].filter((name) => fields.has(name))
  if (kinds.length > 1) throw broken(`${kinds.join(' and ')} are there together`)
  if (kinds[0] === undefined) throw broken('its wrapped key is missing')
  if (kinds[0] === V3.key) return parseV3(fields, repair)
  return kinds[0] === OLD.keyV2 ? parseV2(fields, repair) : parseV1(fields, repair)
}

function parseV3(fields: Fields, repair: (text: string) => string): Parsed {
  refuseNames(fields, Object.values(OLD), 'the V3 format')
  if (required(fields, V3.cipher) !== V3_SUITE_NAME) throw broken(`${V3.cipher} is not ${V3_SUITE_NAME}`)
  const messageId = requiredBytes(fields, V3.messageId, MESSAGE_ID_BYTES)
  if (isAllZero(messageId)) throw broken(`${V3.messageId} is all zero`)
  const commitment = requiredBytes(fields, V3.commitment, COMMITMENT_BYTES)
  const algorithm = V3_WRAPS.get(required(fields, V3.wrap))
  if (algorithm === undefined) throw broken(`${V3.wrap} is unknown`)
  const [own, other] = algorithm === 'kms+context' ? [V3.context, V3.description] : [V3.description, V3.context]
  if (Object.keys(descriptionIn(fields, other, repair)).length > 0)
    throw broken(`${other} does not go with ${algorithm}`)
  return {
    content: { cipher: 'gcm-committed', format: 'v3', messageId, commitment },
    wrapped: wrappedKey(fields, V3.key, algorithm, descriptionIn(fields, own, repair)),
  }
}

function parseV2(fields: Fields, repair: (text: string) => string): Parsed {
  refuseNames(fields, Object.values(V3), 'the V2 format')
  const algorithm = V2_WRAPS.get(required(fields, OLD.wrap))
  if (algorithm === undefined) throw broken(`${OLD.wrap} is unknown`)
  return {
    content: parseV2Content(fields),
    wrapped: wrappedKey(fields, OLD.keyV2, algorithm, descriptionIn(fields, OLD.description, repair)),
  }
}

function parseV2Content(fields: Fields): Content {
  const name = required(fields, OLD.cipher)
  if (CBC_NAMES.includes(name)) {
    refuseNames(fields, [OLD.tagLength], 'a CBC envelope')
    return { cipher: 'cbc', format: 'v2', iv: requiredBytes(fields, OLD.iv, 16), name }
  }
  if (name !== V2_GCM_NAME) throw broken(`${OLD.cipher} is unknown`)
  if (required(fields, OLD.tagLength) !== '128') throw broken(`${OLD.tagLength} is not 128`)
  const iv = requiredBytes(fields, OLD.iv, 12)
  if (isAllZero(iv)) throw broken(`${OLD.iv} is all zero`)
  return { cipher: 'gcm', format: 'v2', iv }
}

function parseV1(fields: Fields, repair: (text: string) => string): Parsed {
  refuseNames(fields, [...Object.values(V3), OLD.cipher, OLD.wrap, OLD.tagLength], 'the V1 format')
  const algorithm = requiredBytes(fields, OLD.keyV1).length > 48 ? 'RSA' : 'AES'
  return {
    content: { cipher: 'cbc', format: 'v1', iv: requiredBytes(fields, OLD.iv, 16), name: '' },
    wrapped: wrappedKey(fields, OLD.keyV1, algorithm, descriptionIn(fields, OLD.description, repair)),
  }
}

function wrappedKey(
  fields: Fields,
  name: string,
  algorithm: WrapAlgorithm,
  description: Record<string, string>,
): WrappedKey {
  return { algorithm, bytes: requiredBytes(fields, name, WRAPPED_BYTES[algorithm]), description }
}

function descriptionIn(fields: Fields, name: string, repair: (text: string) => string): Record<string, string> {
  const text = fields.get(name)
  return text === undefined ? {} : parseDescription(repair(text))
}

function isAllZero(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0)
}
