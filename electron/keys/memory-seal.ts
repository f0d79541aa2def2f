import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { untraced } from '../base/untraced.ts'

/** A secret as it waits in memory: not readable in a core dump or a swapped page without the other page with the key. */
export interface MemorySealed {
  iv: Buffer
  tag: Buffer
  ciphertext: Buffer
}

/** Made anew in every process and never written anywhere. */
const processKey = randomBytes(32)

export function sealInMemory(secret: Uint8Array): MemorySealed {
  const iv = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', processKey, iv)
  const ciphertext = Buffer.concat([cipher.update(secret), cipher.final()])
  return { iv, tag: cipher.getAuthTag(), ciphertext }
}

/** The caller zeroes what it gets. */
export function unsealFromMemory({ iv, tag, ciphertext }: MemorySealed): Buffer {
  const decipher = untraced(() => createDecipheriv('aes-256-gcm', processKey, iv, { authTagLength: 16 }))
  decipher.setAuthTag(tag)
  const secret = decipher.update(ciphertext)
  decipher.final()
  return secret
}
