import { zero } from '../../base/bytes.ts'
import { KmsError } from '../request.ts'
import { authorize } from './access.ts'
import { openBlob, readBlobHeader, sealBlob } from './ciphertext-blob.ts'
import { findKey, openMaterial, requireEnabled, type Caller, type Core } from './core.ts'
import type { EncryptionContext } from './encryption-context.ts'
import { keyArn } from './names.ts'
import type { KeyRecord } from './store.ts'

export interface Sealed {
  blob: Buffer
  materialId: string
}

/** The key a caller may use for `action` now. Throws NotFoundException, AccessDeniedException, DisabledException, KMSInvalidStateException. */
export function keyForUse(
  core: Core,
  caller: Caller,
  keyId: string,
  action: string,
  context: EncryptionContext,
): KeyRecord {
  const key = findKey(core, keyId)
  authorize(caller, key, action, context)
  requireEnabled(key)
  return key
}

/** Encrypts under a key's current material. */
export function seal(core: Core, key: KeyRecord, context: EncryptionContext, plaintext: Uint8Array): Sealed {
  const material = openMaterial(core, key.id, key.version)
  if (!material) throw new Error(`The key ${key.id} has no material ${key.version}`)
  const blob = sealBlob(material.key, { keyId: key.id, version: key.version }, context, plaintext)
  zero(material.key)
  return { blob, materialId: material.materialId }
}

export interface Opened {
  key: KeyRecord
  /** The caller's to zero. */
  plaintext: Buffer
  materialId: string
}

/**
 * Decrypts with the key the blob names. `keyId`: the key the caller insists on. Throws InvalidCiphertextException (without
 * words, as AWS), IncorrectKeyException, and what `keyForUse` throws.
 */
export function open(
  core: Core,
  caller: Caller,
  blob: Buffer,
  context: EncryptionContext,
  { keyId, action }: { keyId: string | undefined; action: string },
): Opened {
  const header = readBlobHeader(blob)
  if (!header) throw new KmsError('InvalidCiphertextException', '')
  const expected = keyId === undefined ? undefined : findKey(core, keyId)
  if (expected && expected.id !== header.keyId) {
    throw new KmsError(
      'IncorrectKeyException',
      'The key ID in the request does not identify a CMK that can perform this operation.',
    )
  }
  const key = keyForUse(core, caller, keyArn(header.keyId), action, context)
  const material = openMaterial(core, key.id, header.version)
  const plaintext = material ? openBlob(material.key, blob, context) : null
  zero(material?.key)
  if (!material || !plaintext) throw new KmsError('InvalidCiphertextException', '')
  return { key, plaintext, materialId: material.materialId }
}
