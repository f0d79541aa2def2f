import { hkdfSync } from 'node:crypto'

/**
 * A key's name for itself: HKDF-SHA256 (RFC 5869) of its material, 16 bytes in hex. For RSA the material is the public
 * half (SPKI, DER), so both halves share it. It can stand in the open: nothing leads back from it to the material.
 */
export function keyId(material: Uint8Array): string {
  return Buffer.from(hkdfSync('sha256', material, '', 'coffer customer key id v1', 16)).toString('hex')
}
