import { createPublicKey, randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { deriveCommitment, deriveContentKey } from '../../electron/envelope/derive.ts'
import { V2_GCM_NAME, V3_SUITE_NAME, type WrappedKey } from '../../electron/envelope/envelope.ts'
import { wrapWithAes } from '../../electron/envelope/wrap-aes.ts'
import { wrapWithRsa } from '../../electron/envelope/wrap-rsa.ts'
import { attempt, openLab, plant, type Lab, type Sealed } from './lab.ts'
import { open, salamander } from './salamander.ts'
import { addKeys } from './subjects.ts'
import { expectNone, judge, keepRows } from './table.ts'

const TEXTS: [Buffer, Buffer] = [
  Buffer.from('Pay Alice 100 francs, on Friday.'),
  Buffer.from('Pay Mallory all that there is.'),
]
const KEY = 'salamander'
const GROUP = 'one body for two data keys'

let lab: Lab
beforeAll(async () => {
  lab = await openLab('This computer')
  addKeys(lab)
})
afterAll(async () => {
  keepRows('4-commitment')
  await lab.close()
})

/** Wraps a data key as whoever has the customer's key, or the public half of it, can. */
async function wrap(dataKey: Buffer, cipher: string, kind: 'aes' | 'rsa'): Promise<WrappedKey> {
  const { id } = await lab.vault.keys.find(kind)
  return lab.vault.keys.lend(id, 'cse', (key) =>
    key.kind === 'aes-256'
      ? wrapWithAes(dataKey, cipher, key.bytes, {})
      : wrapWithRsa(dataKey, cipher, createPublicKey(key.publicKey.export({ type: 'spki', format: 'pem' })), {}),
  )
}

async function become(sealed: Sealed, options = {}) {
  await plant(lab, KEY, sealed)
  return attempt(lab, KEY, options)
}

describe.each(['aes', 'rsa'] as const)('a body that opens under two data keys, wrapped with %s', (kind) => {
  const keys: [Buffer, Buffer] = [randomBytes(32), randomBytes(32)]

  describe('in V2, which does not commit to its key', () => {
    const iv = randomBytes(12)
    const none = Buffer.alloc(0)
    const { body, plaintexts } = salamander(keys, iv, none, TEXTS)

    const envelopeFor = async (dataKey: Buffer): Promise<Record<string, string>> => {
      const { algorithm, bytes } = await wrap(dataKey, V2_GCM_NAME, kind)
      return {
        'x-amz-key-v2': bytes.toString('base64'),
        'x-amz-iv': iv.toString('base64'),
        'x-amz-cek-alg': V2_GCM_NAME,
        'x-amz-wrap-alg': algorithm,
        'x-amz-tag-len': '128',
        'x-amz-matdesc': '{}',
      }
    }

    it('is real: plain AES-GCM opens it under each, to a text of its own', () => {
      expect(open(keys[0], iv, none, body).equals(plaintexts[0])).toBe(true)
      expect(open(keys[1], iv, none, body).equals(plaintexts[1])).toBe(true)
      expect(plaintexts[0].toString()).toContain(TEXTS[0].toString())
      expect(plaintexts[1].toString()).toContain(TEXTS[1].toString())
      expect(() => open(randomBytes(32), iv, none, body)).toThrow()
    })

    it('is refused where its key lies in an instruction file, under either key', async () => {
      const wrong: (string | null)[] = []
      for (const [at, dataKey] of keys.entries()) {
        const instruction = Buffer.from(JSON.stringify(await envelopeFor(dataKey)))
        for (const options of [{}, { key: kind }]) {
          const became = await become(
            { body, metadata: { 'x-amz-unencrypted-content-length': '80' }, instruction },
            options,
          )
          for (const error of became.errors) expect(error).toHaveProperty('code', 'LEGACY_NOT_ALLOWED')
          wrong.push(judge(GROUP, `V2, ${kind}, key ${String(at)}`, became, { plaintext: Buffer.alloc(0) }))
        }
      }
      expectNone(wrong)
    })

    it('is what a person risks who allows it: swapping the file swaps the text', async () => {
      for (const [at, dataKey] of keys.entries()) {
        const instruction = Buffer.from(JSON.stringify(await envelopeFor(dataKey)))
        const { content } = await become({ body, metadata: {}, instruction }, { allowLegacy: true })
        expect(content?.equals(plaintexts[at] ?? Buffer.alloc(0))).toBe(true)
      }
    })
  })

  describe('in V3, which commits to its key', () => {
    const messageId = randomBytes(28)
    const iv = Buffer.alloc(12, 1)
    const suite = Buffer.from([0x00, 0x73])
    const contentKeys = keys.map((key) => deriveContentKey(key, messageId)) as [Buffer, Buffer]
    const { body, plaintexts } = salamander(contentKeys, iv, suite, TEXTS)

    const sealedFor = async (dataKey: Buffer, committedTo: Buffer, beside: boolean): Promise<Sealed> => {
      const { bytes } = await wrap(dataKey, V3_SUITE_NAME, kind)
      const fixed = {
        'x-amz-c': V3_SUITE_NAME,
        'x-amz-d': deriveCommitment(committedTo, messageId).toString('base64'),
        'x-amz-i': messageId.toString('base64'),
      }
      const movable = { 'x-amz-3': bytes.toString('base64'), 'x-amz-w': kind === 'aes' ? '02' : '22' }
      return beside
        ? { body, metadata: fixed, instruction: Buffer.from(JSON.stringify(movable)) }
        : { body, metadata: { ...fixed, ...movable } }
    }

    it('is real: plain AES-GCM opens it under each derived key', () => {
      for (const at of [0, 1] as const) expect(open(contentKeys[at], iv, suite, body).equals(plaintexts[at])).toBe(true)
    })

    it.each([false, true])('opens under the key it commits to; in an instruction file: %s', async (beside) => {
      const { content } = await become(await sealedFor(keys[0], keys[0], beside))
      expect(content?.equals(plaintexts[0])).toBe(true)
    })

    it.each([false, true])('is COMMITMENT_MISMATCH under the other; in an instruction file: %s', async (beside) => {
      const wrong: (string | null)[] = []
      for (const [at, dataKey] of keys.entries()) {
        const became = await become(await sealedFor(dataKey, keys[1 - at] ?? dataKey, beside))
        for (const error of became.errors) expect(error).toHaveProperty('code', 'COMMITMENT_MISMATCH')
        wrong.push(judge(GROUP, `V3, ${kind}, key ${String(at)}`, became, { plaintext: Buffer.alloc(0) }))
      }
      expectNone(wrong)
    })
  })
})
