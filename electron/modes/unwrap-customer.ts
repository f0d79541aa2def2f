import { CofferError } from '../base/errors.ts'
import type { Envelope, WrapAlgorithm } from '../envelope/envelope.ts'
import { unwrapWithAes } from '../envelope/wrap-aes.ts'
import { unwrapWithRsa } from '../envelope/wrap-rsa.ts'
import type { KeyInfo, KeyRing } from '../keys/keyring.ts'
import { mayUse, otherPurpose } from '../keys/purpose.ts'
import type { PlainDataKey } from './client-side.ts'
import { KEY_MARK } from './customer-keys.ts'

/** Each try asks the keychain; a ring beyond this is not searched to its end. */
const MAX_TRIES = 64

const AES_WRAPS: WrapAlgorithm[] = ['AES/GCM', 'AESWrap', 'AES']

/** The data key of an object, and the customer key that gave it. */
export interface Unwrapped {
  info: KeyInfo
  dataKey: PlainDataKey
}

/**
 * Unwraps an object's data key with a customer key: the one the caller named and no other; else the one the object names; else
 * the first of the ring that fits, which the wrap itself tells; the `likely` one is tried before the others. A key for SSE-C is
 * used only if the caller named it, or if it opened this very object before (`likely`): a server knows such a key, and could
 * have made the object. The key that opens it is one for CSE-C from now on. Throws KEY_NOT_FOUND, KEY_PURPOSE, KEY_WRONG (the
 * caller's key does not fit), KEY_WRITE_ONLY, and ENVELOPE_INVALID (the very key that the object names does not fit).
 */
export async function unwrapDataKey(
  keys: KeyRing,
  envelope: Envelope,
  named: string | undefined,
  likely?: string,
): Promise<Unwrapped> {
  const unwrapped = await findAndUnwrap(keys, envelope, named, likely)
  const { id, purpose } = unwrapped.info
  if (purpose === 'unused' || purpose === 'unknown') await keys.claim(id, 'cse')
  return unwrapped
}

async function findAndUnwrap(
  keys: KeyRing,
  envelope: Envelope,
  named: string | undefined,
  likely: string | undefined,
): Promise<Unwrapped> {
  if (named !== undefined) return unwrapNamed(keys, envelope, named)
  const all = await keys.list()
  const mayOpen = (info: KeyInfo): boolean => mayUse(info, 'cse') || info.id === likely
  const marked = all.find((info) => info.id === envelope.wrapped.description[KEY_MARK])
  if (marked !== undefined && !mayOpen(marked)) throw sentToServers(marked)
  if (marked !== undefined) return unwrapMarked(keys, envelope, marked)
  const ring = all.filter(mayOpen)
  return unwrapByTrial(keys, envelope, [
    ...ring.filter(({ id }) => id === likely),
    ...ring.filter(({ id }) => id !== likely),
  ])
}

async function unwrapNamed(keys: KeyRing, envelope: Envelope, named: string): Promise<Unwrapped> {
  const info = await keys.find(named)
  const unwrapped = await unwrapWith(keys, envelope, info)
  if (unwrapped !== null) return unwrapped
  throw new CofferError('KEY_WRONG', `The key ${info.name} does not open this object, or its wrapped key was changed.`)
}

async function unwrapMarked(keys: KeyRing, envelope: Envelope, info: KeyInfo): Promise<Unwrapped> {
  const unwrapped = await unwrapWith(keys, envelope, info)
  if (unwrapped !== null) return unwrapped
  throw new CofferError('ENVELOPE_INVALID', `The object names the key ${info.name}, but does not open with it.`)
}

/** PKCS #1 v1.5 alone cannot tell whether a key fits, so there it must be the only one. */
async function unwrapByTrial(keys: KeyRing, envelope: Envelope, ring: KeyInfo[]): Promise<Unwrapped> {
  const fitting = ring.filter((info) => isKindFor(envelope.wrapped.algorithm, info)).slice(0, MAX_TRIES)
  const tellsNothing = envelope.wrapped.algorithm === 'RSA' && fitting.length > 1
  for (const info of tellsNothing ? [] : fitting) {
    const unwrapped = await unwrapWith(keys, envelope, info)
    if (unwrapped !== null) return unwrapped
  }
  throw notFound(envelope, tellsNothing)
}

function isKindFor(algorithm: WrapAlgorithm, { kind }: KeyInfo): boolean {
  return kind === (AES_WRAPS.includes(algorithm) ? 'aes-256' : 'rsa-pair')
}

function unwrapWith(keys: KeyRing, envelope: Envelope, info: KeyInfo): Promise<Unwrapped | null> {
  const isAesWrap = AES_WRAPS.includes(envelope.wrapped.algorithm)
  return keys.lend(info.id, 'cse', (key) => {
    if (isAesWrap !== (key.kind === 'aes-256')) return null
    if (key.kind !== 'aes-256' && key.privateKey === null) throw writeOnly(info)
    const bytes =
      key.kind === 'aes-256'
        ? unwrapWithAes(envelope, key.bytes)
        : key.privateKey && unwrapWithRsa(envelope, key.privateKey)
    return bytes && { info, dataKey: { bytes, since: performance.now() } }
  })
}

function sentToServers(info: KeyInfo): CofferError {
  const { message, facts } = otherPurpose(info, 'cse')
  return new CofferError('KEY_PURPOSE', `${message} The object says that this key opens it.`, {
    hint: 'A server that knows the key can have made the object. If it was encrypted here with this key, name it: --key.',
    facts,
  })
}

function writeOnly({ id, name }: KeyInfo): CofferError {
  return new CofferError('KEY_WRITE_ONLY', `It takes the private half of the key ${name} (${id}) to read this.`, {
    facts: { keyId: id },
  })
}

function notFound({ wrapped }: Envelope, tellsNothing: boolean): CofferError {
  const keyId = wrapped.description[KEY_MARK]
  const message = tellsNothing
    ? 'This old format does not tell which RSA key it needs, and there are several.'
    : `No customer key on this computer opens the object${keyId === undefined ? '' : `; it needs the key ${keyId}`}.`
  return new CofferError('KEY_NOT_FOUND', message, {
    ...(tellsNothing ? { hint: 'Name the key: --key.' } : {}),
    ...(keyId === undefined ? {} : { facts: { keyId } }),
  })
}
