const MiB = 1024 * 1024

/** S3's own limits: https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html */
const MAX_PARTS = 10_000

/** What one transfer may hold of a file at a time, unless one part alone is larger. */
const MEMORY_BUDGET = 32 * MiB
const MAX_IN_FLIGHT = 4

/** Part size in bytes for an object of `size` stored bytes: max(8 MiB, size / 10,000), rounded up to a MiB. */
export function partSize(size: number): number {
  const least = Math.max(8 * MiB, size / MAX_PARTS)
  return Math.ceil(least / MiB) * MiB
}

/** How many parts of this size are under way at once: memory stays bounded whatever the file's size. */
export function partsInFlight(size: number): number {
  return Math.max(1, Math.min(MAX_IN_FLIGHT, Math.floor(MEMORY_BUDGET / size)))
}

/** Reuses the large buffers of one transfer: allocating and dropping gigabytes would outrun the garbage collector. */
export interface BufferPool {
  take(): Buffer
  give(buffer: Buffer): void
}

export function bufferPool(bytes: number): BufferPool {
  return poolOf(() => Buffer.allocUnsafeSlow(bytes))
}

/** Buffers in memory that a hashing thread sees too. */
export function sharedBufferPool(bytes: number): BufferPool {
  return poolOf(() => Buffer.from(new SharedArrayBuffer(bytes)))
}

function poolOf(make: () => Buffer): BufferPool {
  const free: Buffer[] = []
  return {
    take: () => free.pop() ?? make(),
    give: (buffer) => void free.push(buffer),
  }
}
