import { createHash } from 'node:crypto'
import { toBase64 } from '../base/bytes.ts'
import { CofferError } from '../base/errors.ts'
import type { ModeId } from '../base/mode-names.ts'
import type { KeyInfo, KeyKind, KeyRing } from '../keys/keyring.ts'
import type { CustomerKeyFields } from './mode.ts'

/** Name of the object tag, and of the materials description's entry, that says which customer key an object needs. */
export const KEY_MARK = 'coffer-key'

/** The kinds of key that each mode with a customer key can write with. */
export const CUSTOMER_KEY_KINDS = {
  'sse-c': ['aes-256'],
  'cse-c': ['aes-256', 'rsa-pair', 'rsa-public'],
} as const satisfies Partial<Record<ModeId, KeyKind[]>>

/**
 * The customer key to write with: the one that is named, or the only one there is of a fitting kind. Throws KEY_NOT_FOUND, and
 * INVALID_INPUT if the choice is open or the named key is of another kind.
 */
export async function chooseKey(keys: KeyRing, named: string | undefined, kinds: readonly KeyKind[]): Promise<KeyInfo> {
  if (named !== undefined) {
    const info = await keys.find(named)
    if (kinds.includes(info.kind)) return info
    throw new CofferError(
      'INVALID_INPUT',
      `The key ${info.name} is of kind ${info.kind}; this mode takes ${kinds.join(', ')}.`,
    )
  }
  const [only, ...more] = (await keys.list()).filter((info) => kinds.includes(info.kind))
  if (only === undefined)
    throw new CofferError('KEY_NOT_FOUND', 'There is no customer key to encrypt with.', {
      hint: 'Make one, or import one: coffer key new NAME, coffer key import.',
    })
  if (more.length > 0)
    throw new CofferError('INVALID_INPUT', 'There are several customer keys.', { hint: 'Name the one to use: --key.' })
  return only
}

/** The three fields that every request of an SSE-C object carries. Throws INVALID_INPUT if the key is not an AES-256 key. */
export function customerKeyFields(keys: KeyRing, id: string): Promise<CustomerKeyFields> {
  return keys.lend(id, (key) => {
    if (key.kind !== 'aes-256')
      throw new CofferError('INVALID_INPUT', 'SSE-C takes AES-256 keys only; this is an RSA key.')
    return {
      SSECustomerAlgorithm: 'AES256',
      SSECustomerKey: toBase64(key.bytes),
      SSECustomerKeyMD5: createHash('md5').update(key.bytes).digest('base64'),
    }
  })
}
