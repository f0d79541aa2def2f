import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { gcmOpener, gcmSealer, type GcmMessage } from '../../../electron/envelope/gcm.ts'
import { GCM_MAX_PLAINTEXT } from '../../../electron/envelope/size.ts'
import { HKDF_ANSWERS, chunked, failure, hex, run } from './support.ts'

const committed = (contentKey: string): GcmMessage => ({
  key: hex(contentKey),
  iv: Buffer.alloc(12, 1),
  aad: hex('0073'),
})
const message: GcmMessage = { key: Buffer.alloc(32, 7), iv: Buffer.alloc(12, 9), aad: null }

describe('AES-256-GCM streams', () => {
  it('seal the known answer of fifty counting bytes', () => {
    const plaintext = Buffer.from(Array.from({ length: 50 }, (_, index) => index))
    expect(run(gcmSealer(committed(HKDF_ANSWERS[0].contentKey)), [plaintext]).toString('hex')).toBe(
      'a25a831a4663b59e58976a3487808f788f0181db775a30d5988b5d7f21abffc44866f35b1c04f24a96342d384a14656a8ec8882d5f92be7cbafa5823f24c79ad5fa3',
    )
  })

  it('seal the known answer of "Hello, World!", with the IV of ones and not of zeros', () => {
    const body = run(gcmSealer(committed(HKDF_ANSWERS[2].contentKey)), [hex('48656c6c6f2c20576f726c6421')])
    expect(body.toString('hex')).toBe('880f6caa39658a8709253a674270710277bd564befea7cc81113043e1c')
  })

  it('give back what was sealed, however the bytes are cut', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 300 }),
        fc.array(fc.nat(400), { maxLength: 6 }),
        fc.array(fc.nat(400), { maxLength: 6 }),
        (bytes, sealCuts, openCuts) => {
          const plaintext = Buffer.from(bytes)
          const sealer = gcmSealer(message)
          const stored = run(sealer, chunked(plaintext, sealCuts))
          expect(stored.length).toBe(sealer.sealedSize(plaintext.length))
          expect(run(gcmOpener(message, stored.length), chunked(stored, openCuts))).toEqual(plaintext)
        },
      ),
    )
  })

  it('go on from plaintext that is here already, wherever it was cut, and the tag covers all of it', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 300 }),
        fc.nat(300),
        fc.array(fc.nat(400), { maxLength: 4 }),
        (...drawn) => {
          const [bytes, cut, cuts] = drawn
          const plaintext = Buffer.from(bytes)
          const stored = run(gcmSealer(message), [plaintext])
          const here = plaintext.subarray(0, cut)
          const opener = gcmOpener(message, stored.length, true)
          for (const piece of chunked(here, cuts)) opener.replay?.(piece)
          expect(run(opener, chunked(stored.subarray(here.length), cuts))).toEqual(plaintext.subarray(here.length))

          if (here.length === 0) return
          const changed = Buffer.from(here)
          changed.writeUInt8(changed.readUInt8(cut % here.length) ^ 1, cut % here.length)
          const again = gcmOpener(message, stored.length, true)
          again.replay?.(changed)
          expect(failure(() => run(again, [stored.subarray(here.length)]))).toHaveProperty('code', 'INTEGRITY')
        },
      ),
    )
  })

  it('take no plaintext once stored bytes have come, or more of it than there can be', () => {
    const stored = run(gcmSealer(message), [Buffer.from('a plaintext')])
    const opener = gcmOpener(message, stored.length, true)
    expect(failure(() => opener.replay?.(Buffer.alloc(12)))).toHaveProperty('code', 'INTEGRITY')
    opener.update(stored.subarray(0, 1))
    expect(failure(() => opener.replay?.(Buffer.alloc(1)))).toHaveProperty('code', 'INTERNAL')
    expect(gcmOpener(message, stored.length)).not.toHaveProperty('replay')
  })

  it('open byte by byte', () => {
    const stored = run(gcmSealer(message), [Buffer.from('one byte after the other')])
    const bytes = Array.from(stored, (_, index) => stored.subarray(index, index + 1))
    expect(run(gcmOpener(message, stored.length), bytes).toString()).toBe('one byte after the other')
  })

  it.each([0, 1, 16, 65_535, 65_536, 65_537, 8 * 2 ** 20 - 1, 8 * 2 ** 20 + 1])('give back %i bytes', (size) => {
    const plaintext = Buffer.alloc(size, 'coffer')
    const stored = run(gcmSealer(message), [plaintext])
    expect(run(gcmOpener(message, stored.length), [stored]).equals(plaintext)).toBe(true)
  })

  it('refuse an object in which any one bit was flipped', () => {
    const stored = run(gcmSealer(message), [Buffer.from('thirty-three bytes of a plaintext')])
    for (let bit = 0; bit < stored.length * 8; bit++) {
      const changed = Buffer.from(stored)
      changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
      expect(failure(() => run(gcmOpener(message, changed.length), [changed]))).toHaveProperty('code', 'INTEGRITY')
    }
  })

  it('refuse an object that ends early, and one that is said to be shorter than it was sealed', () => {
    const stored = run(gcmSealer(message), [Buffer.alloc(40, 1)])
    for (let size = 16; size < stored.length; size++) {
      const cut = stored.subarray(0, size)
      expect(failure(() => run(gcmOpener(message, stored.length), [cut]))).toHaveProperty('code', 'TRUNCATED')
      expect(failure(() => run(gcmOpener(message, size), [cut]))).toHaveProperty('code', 'INTEGRITY')
    }
    expect(failure(() => gcmOpener(message, 15))).toHaveProperty('code', 'TRUNCATED')
  })

  it('refuse more bytes than the object is said to have, at once', () => {
    const stored = run(gcmSealer(message), [Buffer.alloc(40, 1)])
    const opener = gcmOpener(message, stored.length)
    opener.update(stored)
    expect(failure(() => opener.update(Buffer.alloc(1)))).toHaveProperty('code', 'INTEGRITY')
  })

  it('refuse to seal beyond the limit, counted over all chunks', () => {
    const sealer = gcmSealer(message)
    const vast = new Uint8Array(0)
    Object.defineProperty(vast, 'length', { value: GCM_MAX_PLAINTEXT + 1 })
    sealer.update(Buffer.alloc(1))
    expect(failure(() => sealer.update(vast))).toHaveProperty('code', 'TOO_LARGE')
  })

  it('are spent after their end', () => {
    const sealer = gcmSealer(message)
    sealer.final()
    expect(failure(() => sealer.update(Buffer.alloc(1)))).toHaveProperty('code', 'INTERNAL')
    expect(failure(() => sealer.final())).toHaveProperty('code', 'INTERNAL')
  })

  it('leave the key to the caller, who may wipe it once the stream is made', () => {
    const key = Buffer.alloc(32, 7)
    const sealer = gcmSealer({ ...message, key })
    key.fill(0)
    expect(run(sealer, [Buffer.from('abc')])).toEqual(run(gcmSealer(message), [Buffer.from('abc')]))
  })
})
