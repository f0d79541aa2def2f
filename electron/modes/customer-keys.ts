import { createHash } from 'node:crypto'
import { toBase64 } from '../base/bytes.ts'
import { CofferError } from '../base/errors.ts'
import { purposeOf } from '../base/key-purpose.ts'
import type { ModeId } from '../base/mode-names.ts'
import type { KeyInfo, KeyKind, KeyRing } from '../keys/keyring.ts'
import { mayUse, otherPurpose, requirePurpose } from '../keys/purpose.ts'
import type { CustomerKeyFields } from './mode.ts'

/** Name of the object tag, and of the materials description's entry, that says which customer key an object needs. */
export const KEY_MARK = 'coffer-key'

/** A mode that takes a customer key. */
type CustomerKeyMode = Extract<ModeId, 'sse-c' | 'cse-c'>

/** The kinds of key that each mode with a customer key can write with. */
const KINDS: Record<CustomerKeyMode, readonly KeyKind[]> = {
  'sse-c': ['aes-256'],
  'cse-c': ['aes-256', 'rsa-pair', 'rsa-public'],
}

/**
 * The customer key to write with: the one that is named, or the only one there is of a fitting kind and purpose. Nothing is
 * recorded yet. Throws KEY_NOT_FOUND, KEY_PURPOSE if the named key is for the other use, and INVALID_INPUT if the choice is
 * open or the named key is of another kind.
 */
export async function chooseKey(
  keys: Pick<KeyRing, 'list' | 'find'>,
  named: string | undefined,
  mode: CustomerKeyMode,
): Promise<KeyInfo> {
  const kinds = KINDS[mode]
  const purpose = purposeOf(mode)
  if (named !== undefined) {
    const info = await keys.find(named)
    if (!kinds.includes(info.kind)) {
      const message = `The key ${info.name} is of kind ${info.kind}; this mode takes ${kinds.join(', ')}.`
      throw new CofferError('INVALID_INPUT', message)
    }
    requirePurpose(info, purpose)
    return info
  }
  const ofKind = (await keys.list()).filter((info) => kinds.includes(info.kind))
  const [only, ...more] = ofKind.filter((info) => mayUse(info, purpose))
  const unsaid = ofKind.find((info) => info.purpose === 'unknown')
  if (only === undefined && unsaid !== undefined) throw otherPurpose(unsaid, purpose)
  if (only === undefined)
    throw new CofferError('KEY_NOT_FOUND', `There is no customer key for ${mode === 'sse-c' ? 'SSE-C' : 'CSE-C'}.`, {
      hint: `Make one, or import one: coffer key new NAME --purpose ${purpose}, coffer key import FILE --purpose ${purpose}.`,
    })
  if (more.length > 0)
    throw new CofferError('INVALID_INPUT', 'There are several customer keys.', { hint: 'Name the one to use: --key.' })
  return only
}

/** The same for a write that begins now: the key is for this mode from now on, and is not being deleted. */
export async function claimKey(keys: KeyRing, named: string | undefined, mode: CustomerKeyMode): Promise<KeyInfo> {
  const { id } = await chooseKey(keys, named, mode)
  return keys.claim(id, purposeOf(mode))
}

/**
 * The three fields that every request of an SSE-C object carries. Throws KEY_PURPOSE unless the key is one for SSE-C, and
 * INVALID_INPUT if it is not an AES-256 key.
 */
export function customerKeyFields(keys: KeyRing, id: string): Promise<CustomerKeyFields> {
  return keys.lend(id, 'sse-c', (key) => {
    if (key.kind !== 'aes-256')
      throw new CofferError('INVALID_INPUT', 'SSE-C takes AES-256 keys only; this is an RSA key.')
    return {
      SSECustomerAlgorithm: 'AES256',
      SSECustomerKey: toBase64(key.bytes),
      SSECustomerKeyMD5: createHash('md5').update(key.bytes).digest('base64'),
    }
  })
}
