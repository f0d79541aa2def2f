import { ACCOUNT, REGION } from '../account.ts'
import { KmsError } from '../request.ts'

const PREFIX = `arn:aws:kms:${REGION}:${ACCOUNT}:`
const KEY_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

export function keyArn(keyId: string): string {
  return `${PREFIX}key/${keyId}`
}

/** `name` with its `alias/`. */
export function aliasArn(name: string): string {
  return PREFIX + name
}

/** What a KeyId parameter may be: a key's id or ARN, an alias's name or ARN. */
export type KeyName = { kind: 'key'; id: string } | { kind: 'alias'; name: string }

/** Reads a KeyId parameter. Throws NotFoundException for what cannot be here, ValidationException or InvalidArnException for nonsense. */
export function parseKeyName(text: string): KeyName {
  const local = text.startsWith('arn:') ? localPart(text) : text
  if (local.startsWith('alias/')) return { kind: 'alias', name: local }
  const id = text === local ? local : local.replace(/^key\//, '')
  if (KEY_ID.test(id)) return { kind: 'key', id }
  if (text !== local) throw new KmsError('NotFoundException', `Key '${text}' does not exist`)
  throw new KmsError('NotFoundException', `Invalid keyId '${text}'`)
}

function localPart(arn: string): string {
  if (arn.startsWith(PREFIX)) return arn.slice(PREFIX.length)
  const parts = arn.split(':')
  if (parts.length !== 6 || parts[2] !== 'kms') throw new KmsError('InvalidArnException', `Invalid arn ${arn}`)
  if (parts[3] !== REGION) throw new KmsError('NotFoundException', `Invalid arn ${String(parts[3])}`)
  throw new KmsError('NotFoundException', `Key '${arn}' does not exist`)
}
