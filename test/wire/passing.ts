import type { Socket } from 'node:net'

export async function pass(body: AsyncIterable<Buffer>, to: Socket): Promise<void> {
  for await (const piece of body) await write(to, piece)
}

export async function passUntil(body: AsyncIterable<Buffer>, to: Socket, at: number): Promise<void> {
  let passed = 0
  for await (const piece of body) {
    await write(to, piece.subarray(0, at - passed))
    passed += piece.length
    if (passed >= at) return
  }
}

/** Flips one bit. */
export async function* corrupted(body: AsyncIterable<Buffer>, at: number): AsyncGenerator<Buffer> {
  let passed = 0
  for await (const piece of body) {
    const within = at - passed
    passed += piece.length
    if (within >= 0 && within < piece.length) {
      const changed = Buffer.from(piece)
      changed[within] = (changed[within] ?? 0) ^ (1 << (at % 8))
      yield changed
    } else yield piece
  }
}

export async function gather(body: AsyncIterable<Buffer>): Promise<Buffer> {
  const pieces: Buffer[] = []
  for await (const piece of body) pieces.push(piece)
  return Buffer.concat(pieces)
}

export async function drain(body: AsyncGenerator<Buffer>): Promise<void> {
  while ((await body.next()).done !== true);
}

/** Waits while the other side does not read. */
export async function write(to: Socket, bytes: Buffer): Promise<void> {
  if (to.destroyed || bytes.length === 0) return
  if (to.write(bytes)) return
  await new Promise<void>((done) => {
    to.once('drain', done).once('close', done)
  })
}
