import type { Format, KeyringKind, Place } from './driver.ts'

/** Objects that Amazon's own clients wrote, as test/fixtures/s3ec-clients.json keeps them. */
export interface Golden {
  about: string
  /** Base64. */
  aesKey: string
  /** PKCS #8 PEM. */
  rsaKey: string
  /** Base64 of what every object holds. */
  plaintext: string
  objects: GoldenObject[]
}

export interface GoldenObject {
  name: string
  format: Format
  keyring: KeyringKind
  place: Place
  metadata: Record<string, string>
  /** The instruction file's text. */
  instruction?: string
  /** Base64. */
  body: string
  /** What KMS was asked and what it answered, both base64; its context is the envelope's. */
  kms?: { keyArn: string; wrapped: string; dataKey: string; context: Record<string, string> }
}
