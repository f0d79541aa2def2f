import { hkdf } from '../base/hkdf.ts'

/**
 * A key's name for itself: HKDF-SHA256 (RFC 5869) of its material, 16 bytes in hex. For RSA the material is the public
 * half (SPKI, DER), so both halves share it. It can stand in the open: nothing leads back from it to the material.
 */
export function keyId(material: Uint8Array): string {
  return hkdf('sha256', material, Buffer.alloc(0), 'coffer customer key id v1', 16).toString('hex')
}
