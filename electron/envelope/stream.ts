/** Turns plaintext into what is stored, in order, in one pass. */
export interface Sealer {
  /** Exact stored size, in bytes, of a plaintext of this size. */
  sealedSize(plaintextSize: number): number
  /** What it returns is the caller's alone, who may free it. */
  update(plaintext: Uint8Array): Buffer
  /** The bytes that end the object (the GCM tag). The sealer is spent afterwards. */
  final(): Buffer
  /** Lets the key go, where `final` has not: a cipher that is merely dropped keeps it until it is collected. */
  forget(): void
}

/** Turns what is stored back into plaintext. Nothing that `update` returned may be trusted or shown until `final` has returned. */
export interface Opener {
  update(stored: Uint8Array): Buffer
  /** The last plaintext bytes. Throws INTEGRITY or TRUNCATED if the object is not what was sealed. */
  final(): Buffer
  /**
   * Takes plaintext that an earlier opener of this very object gave, from its start and in order, in the place of the stored
   * bytes it came from; before `update`, and only where the opener was made for it. The end proves it with all the rest.
   */
  replay?(plaintext: Uint8Array): void
  /** Lets the key go, where `final` has not. */
  forget(): void
}
