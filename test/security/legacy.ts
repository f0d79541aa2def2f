import { constants, createCipheriv, publicEncrypt, randomBytes } from 'node:crypto'
import { GenerateDataKeyCommand } from '@aws-sdk/client-kms'
import { V2_GCM_NAME } from '../../electron/envelope/envelope.ts'
import type { Lab, Sealed } from './lab.ts'

export const LEGACY_KINDS = [
  'V1 AES CBC',
  'V1 RSA CBC',
  'V2 AESWrap CBC',
  'V2 AESWrap GCM',
  'V2 kms CBC',
  'V2 kms GCM',
] as const
export type LegacyKind = (typeof LEGACY_KINDS)[number]

type Whose = 'own' | 'other'

/** Writes an object as the first two generations of Amazon's clients did. */
export async function sealLegacy(lab: Lab, kind: LegacyKind, plaintext: Buffer, whose: Whose): Promise<Sealed> {
  const { dataKey, fields } = await wrapLegacy(lab, kind, whose)
  const gcm = kind.endsWith('GCM')
  const iv = randomBytes(gcm ? 12 : 16)
  const body = gcm ? gcmSeal(dataKey, iv, plaintext) : cbcSeal(dataKey, iv, plaintext)
  const cipher: Record<string, string> = kind.startsWith('V1')
    ? {}
    : { 'x-amz-cek-alg': gcm ? V2_GCM_NAME : 'AES/CBC/PKCS5Padding', ...(gcm ? { 'x-amz-tag-len': '128' } : {}) }
  return { body, metadata: { ...fields, ...cipher, 'x-amz-iv': iv.toString('base64'), mtime: '1234567890.5' } }
}

async function wrapLegacy(lab: Lab, kind: LegacyKind, whose: Whose) {
  if (kind.startsWith('V2 kms')) return wrapByKms(lab, whose)
  const dataKey = randomBytes(32)
  if (kind === 'V1 RSA CBC') {
    const id = (await lab.vault.keys.find(whose === 'own' ? 'rsa' : 'other rsa')).id
    const wrapped = await lab.vault.keys.lend(id, 'cse', (key) =>
      key.kind === 'aes-256'
        ? Buffer.alloc(0)
        : publicEncrypt({ key: key.publicKey, padding: constants.RSA_PKCS1_PADDING }, dataKey),
    )
    return { dataKey, fields: { 'x-amz-key': wrapped.toString('base64'), 'x-amz-matdesc': '{}' } }
  }
  const id = (await lab.vault.keys.find(whose === 'own' ? 'aes' : 'other aes')).id
  const wrapped = await lab.vault.keys.lend(id, 'cse', (key) => {
    if (key.kind !== 'aes-256') return Buffer.alloc(0)
    // RFC 3394 with its own initial value, or ECB with PKCS #7 padding.
    const cipher = kind.startsWith('V1')
      ? createCipheriv('aes-256-ecb', key.bytes, null)
      : createCipheriv('id-aes256-wrap', key.bytes, Buffer.alloc(8, 0xa6))
    return Buffer.concat([cipher.update(dataKey), cipher.final()])
  })
  const text = wrapped.toString('base64')
  const fields: Record<string, string> = kind.startsWith('V1')
    ? { 'x-amz-key': text, 'x-amz-matdesc': '{}' }
    : { 'x-amz-key-v2': text, 'x-amz-wrap-alg': 'AESWrap', 'x-amz-matdesc': '{}' }
  return { dataKey, fields }
}

/** The old `kms` wrap: its context names the key and not the cipher. */
async function wrapByKms({ vault, kmsKey, otherKmsKey }: Lab, whose: Whose) {
  const key = whose === 'own' ? kmsKey : otherKmsKey
  const context = { kms_cmk_id: key }
  const answer = await vault.kms.send(
    new GenerateDataKeyCommand({ KeyId: key, KeySpec: 'AES_256', EncryptionContext: context }),
  )
  const fields: Record<string, string> = {
    'x-amz-key-v2': Buffer.from(answer.CiphertextBlob ?? []).toString('base64'),
    'x-amz-wrap-alg': 'kms',
    'x-amz-matdesc': JSON.stringify(context),
  }
  return { dataKey: Buffer.from(answer.Plaintext ?? []), fields }
}

function gcmSeal(key: Buffer, iv: Buffer, plaintext: Buffer): Buffer {
  const cipher = createCipheriv('aes-256-gcm', key, iv)
  return Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()])
}

function cbcSeal(key: Buffer, iv: Buffer, plaintext: Buffer): Buffer {
  const cipher = createCipheriv('aes-256-cbc', key, iv)
  return Buffer.concat([cipher.update(plaintext), cipher.final()])
}
