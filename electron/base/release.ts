/** Node hands out smaller buffers as pieces of one that they share. */
const SHARED_BELOW = 32 * 1024

/**
 * Frees what a cipher or a socket allocated for bytes that have been copied. Left to the garbage collector, a fast transfer
 * spends a quarter of its time there, and each new buffer on memory that the system has to make first. What the bytes are
 * only the beginning of is let be: the rest may still be on its way.
 */
export function release({ buffer, byteOffset, length }: Buffer): void {
  const isLast = byteOffset + length === buffer.byteLength
  if (length >= SHARED_BELOW && isLast && buffer instanceof ArrayBuffer) buffer.transfer(0)
}
