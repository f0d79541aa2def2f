import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { openPayload, type Payload } from '../../../../electron/localcloud/body/payload.ts'
import { startChecksum } from '../../../../electron/localcloud/body/digest.ts'
import { deriveSigningKey, hmac, scopeText } from '../../../../electron/localcloud/auth/signing-key.ts'
import { OWNER } from '../../../../electron/localcloud/account.ts'
import { S3Error, type ChecksumAlgorithm } from '../../../../electron/localcloud/request.ts'

const SCOPE = { date: '20260102', region: 'us-east-1', service: 's3' }
const SEED = 'ab'.repeat(32)
const SIGNING_KEY = deriveSigningKey('secret', SCOPE)
const TIMESTAMP = '20260102T030405Z'

/** Check values of the string "123456789": RFC 3720 and zlib, the CRC catalogue for CRC-64/NVME, FIPS 180 for SHA. */
const CHECK_VALUES: Record<ChecksumAlgorithm, string> = {
  CRC32: 'cbf43926',
  CRC32C: 'e3069283',
  CRC64NVME: 'ae8b14860a799888',
  SHA1: 'f7c3bc1d808e04732adf679965ccc34ca7ae3441',
  SHA256: '15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225',
}
const ALGORITHMS = Object.keys(CHECK_VALUES) as ChecksumAlgorithm[]

function open(payloadHash: string, headers: Record<string, string>, pieces: Buffer[], checksumOfBody = true): Payload {
  const proof = {
    principal: OWNER,
    signingKey: SIGNING_KEY,
    scope: scopeText(SCOPE),
    timestamp: TIMESTAMP,
    signature: SEED,
    payloadHash,
  }
  return openPayload({ headers, proof, source: streamOf(pieces), checksumOfBody })
}

async function* streamOf(pieces: Buffer[]): AsyncGenerator<Buffer> {
  await Promise.resolve()
  yield* pieces
}

async function read(payload: Payload): Promise<Buffer> {
  const pieces: Buffer[] = []
  for await (const piece of payload.body) pieces.push(piece)
  return Buffer.concat(pieces)
}

/** Undefined for a refusal in S3's words; anything else is a failure. */
async function readOrRefused(payload: Payload): Promise<Buffer | undefined> {
  try {
    return await read(payload)
  } catch (error) {
    if (error instanceof S3Error) return undefined
    throw error
  }
}

function checksumOf(algorithm: ChecksumAlgorithm, data: Buffer): string {
  const digest = startChecksum(algorithm)
  digest.update(data)
  return digest.digest().toString('base64')
}

function sha256(data: Buffer | string): string {
  return createHash('sha256').update(data).digest('hex')
}

/** Frames data as a client would, chunk after chunk, with signatures and trailers if asked for. */
function frame(data: Buffer, chunkSize: number, signed: boolean, trailers: Record<string, string> | null): Buffer {
  let previous = SEED
  const link = (kind: string, hashes: string[]): string => {
    const text = [`AWS4-HMAC-SHA256-${kind}`, TIMESTAMP, scopeText(SCOPE), previous, ...hashes].join('\n')
    previous = hmac(SIGNING_KEY, text).toString('hex')
    return previous
  }
  const head = (piece: Buffer): string => {
    const signature = signed ? `;chunk-signature=${link('PAYLOAD', [sha256(''), sha256(piece)])}` : ''
    return `${piece.length.toString(16)}${signature}\r\n`
  }
  const out: (Buffer | string)[] = []
  for (let at = 0; at < data.length; at += chunkSize) {
    const piece = data.subarray(at, at + chunkSize)
    out.push(head(piece), piece, '\r\n')
  }
  out.push(head(Buffer.alloc(0)))
  const lines = Object.entries(trailers ?? {})
  out.push(...lines.map(([name, value]) => `${name}:${value}\r\n`))
  if (signed && trailers) {
    const canonical = lines.map(([name, value]) => `${name}:${value}\n`).join('')
    out.push(`x-amz-trailer-signature:${link('TRAILER', [sha256(canonical)])}\r\n`)
  }
  out.push('\r\n')
  return Buffer.concat(out.map((part) => Buffer.from(part)))
}

/** Cuts a body at the given places, as a network might. */
function cut(data: Buffer, places: number[]): Buffer[] {
  const edges = [0, ...places.map((place) => place % (data.length + 1)).sort((a, b) => a - b), data.length]
  return edges.slice(1).map((end, i) => data.subarray(edges[i], end))
}

describe('checksums', () => {
  it.each(ALGORITHMS)('%s gives the published check value, in one piece or byte by byte', (algorithm) => {
    const whole = startChecksum(algorithm)
    whole.update(Buffer.from('123456789'))
    const bytes = startChecksum(algorithm)
    for (const byte of '123456789') bytes.update(Buffer.from(byte))
    expect(whole.digest().toString('hex')).toBe(CHECK_VALUES[algorithm])
    expect(bytes.digest().toString('hex')).toBe(CHECK_VALUES[algorithm])
  })

  it.each(ALGORITHMS)('%s does not depend on how the data is cut', (algorithm) => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.array(fc.nat(), { maxLength: 5 }), (data, places) => {
        const digest = startChecksum(algorithm)
        for (const piece of cut(Buffer.from(data), places)) digest.update(piece)
        expect(digest.digest().toString('base64')).toBe(checksumOf(algorithm, Buffer.from(data)))
      }),
      { numRuns: 50 },
    )
  })

  it.each(ALGORITHMS)(
    '%s in a header: the right one is verified and told, a wrong one is BadDigest',
    async (algorithm) => {
      const data = Buffer.from('some data')
      const header = `x-amz-checksum-${algorithm.toLowerCase()}`
      const value = checksumOf(algorithm, data)
      const right = open('UNSIGNED-PAYLOAD', { [header]: value, 'content-length': '9' }, [data])
      expect(right.checksum()).toBeUndefined()
      expect(await read(right)).toEqual(data)
      expect(right.checksum()).toEqual({ algorithm, value })
      const wrong = open('UNSIGNED-PAYLOAD', { [header]: checksumOf(algorithm, Buffer.from('else')) }, [data])
      await expect(read(wrong)).rejects.toMatchObject({ code: 'BadDigest', status: 400 })
      expect(wrong.checksum()).toBeUndefined()
    },
  )

  it.each([
    ['not base64', { 'x-amz-checksum-crc32': '!' }],
    ['of another length', { 'x-amz-checksum-crc32': 'AAAAAAAAAAA=' }],
    ['of an unknown algorithm', { 'x-amz-checksum-md4': 'AAAAAA==' }],
    ['given twice', { 'x-amz-checksum-crc32': 'AAAAAA==', 'x-amz-checksum-crc32c': 'AAAAAA==' }],
    ['announced and missing', { 'x-amz-sdk-checksum-algorithm': 'CRC32' }],
  ])('a checksum %s is InvalidRequest at once', (_what, headers) => {
    expect(() => open('UNSIGNED-PAYLOAD', headers, [])).toThrow(expect.objectContaining({ code: 'InvalidRequest' }))
  })

  it('checksum headers that speak of an object are left to S3', async () => {
    const payload = open('UNSIGNED-PAYLOAD', { 'x-amz-checksum-crc32': 'AAAAAA==' }, [Buffer.from('<xml/>')], false)
    expect((await read(payload)).toString()).toBe('<xml/>')
    expect(payload.checksum()).toBeUndefined()
  })
})

describe('plain payloads', () => {
  const data = Buffer.from('payload')

  it('the payload hash that was signed holds, or it is XAmzContentSHA256Mismatch', async () => {
    expect(await read(open(sha256(data), {}, [data]))).toEqual(data)
    const wrong = open(sha256('other'), {}, [data])
    await expect(read(wrong)).rejects.toMatchObject({ code: 'XAmzContentSHA256Mismatch' })
  })

  it('Content-MD5 holds, or it is BadDigest; what is no MD5 is InvalidDigest', async () => {
    const md5 = createHash('md5').update(data).digest('base64')
    expect(await read(open('UNSIGNED-PAYLOAD', { 'content-md5': md5 }, [data]))).toEqual(data)
    const wrong = open('UNSIGNED-PAYLOAD', { 'content-md5': md5 }, [Buffer.from('else')])
    await expect(read(wrong)).rejects.toMatchObject({ code: 'BadDigest' })
    expect(() => open('UNSIGNED-PAYLOAD', { 'content-md5': 'nonsense' }, [])).toThrow(
      expect.objectContaining({ code: 'InvalidDigest' }),
    )
  })

  it('fewer bytes than announced are IncompleteBody', async () => {
    const short = open('UNSIGNED-PAYLOAD', { 'content-length': '8' }, [data])
    await expect(read(short)).rejects.toMatchObject({ code: 'IncompleteBody' })
  })

  it('a body of unknown length is MissingContentLength', () => {
    expect(() => open('UNSIGNED-PAYLOAD', { 'transfer-encoding': 'chunked' }, [data])).toThrow(
      expect.objectContaining({ code: 'MissingContentLength', status: 411 }),
    )
  })
})

describe('aws-chunked payloads', () => {
  const KINDS = [
    { hash: 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD', signed: true, trailer: false },
    { hash: 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER', signed: true, trailer: true },
    { hash: 'STREAMING-UNSIGNED-PAYLOAD-TRAILER', signed: false, trailer: true },
  ]
  const headersFor = (data: Buffer, trailer: boolean): Record<string, string> => ({
    'x-amz-decoded-content-length': String(data.length),
    ...(trailer ? { 'x-amz-trailer': 'x-amz-checksum-crc64nvme' } : {}),
  })
  const trailersFor = (data: Buffer, trailer: boolean) =>
    trailer ? { 'x-amz-checksum-crc64nvme': checksumOf('CRC64NVME', data) } : null

  it.each(KINDS)(
    '$hash decodes whatever the chunks and wherever the network cuts',
    async ({ hash, signed, trailer }) => {
      await fc.assert(
        fc.asyncProperty(
          fc.uint8Array({ maxLength: 300 }),
          fc.integer({ min: 1, max: 120 }),
          fc.array(fc.nat(), { maxLength: 12 }),
          async (bytes, chunkSize, places) => {
            const data = Buffer.from(bytes)
            const framed = frame(data, chunkSize, signed, trailersFor(data, trailer))
            const payload = open(hash, headersFor(data, trailer), cut(framed, places))
            expect(await read(payload)).toEqual(data)
          },
        ),
        { numRuns: 60 },
      )
    },
  )

  it.each(KINDS)('$hash never accepts a body with one byte changed', async ({ hash, signed, trailer }) => {
    const data = Buffer.from('0123456789'.repeat(10))
    const framed = frame(data, 32, signed, trailersFor(data, trailer))
    const tail = '\r\n'.length
    for (let at = 0; at < framed.length - tail; at++) {
      const changed = Buffer.from(framed)
      changed[at] = (changed[at] ?? 0) ^ 0x04
      const outcome = await read(open(hash, headersFor(data, trailer), [changed])).catch(() => null)
      // Framing itself is unsigned: a changed line end may pass, but never with other data.
      if (outcome) expect(outcome, `byte ${at}`).toEqual(data)
    }
  })

  it.each(KINDS)('$hash with anything cut out, put in or moved is refused, or is the same data', async (kind) => {
    const data = Buffer.from('0123456789'.repeat(10))
    const { hash, signed, trailer } = kind
    const framed = frame(data, 32, signed, trailersFor(data, trailer))
    await fc.assert(
      fc.asyncProperty(
        fc.nat(),
        fc.nat(40),
        fc.nat(),
        fc.uint8Array({ maxLength: 3 }),
        async (from, length, to, put) => {
          const start = from % framed.length
          const [taken, left] = [
            framed.subarray(start, start + length),
            Buffer.concat([framed.subarray(0, start), put, framed.subarray(start + length)]),
          ]
          const place = to % (left.length + 1)
          const moved = Buffer.concat([left.subarray(0, place), taken, left.subarray(place)])
          for (const changed of [left, moved]) {
            const outcome = await readOrRefused(open(hash, headersFor(data, trailer), cut(changed, [from, to])))
            if (outcome) expect(outcome).toEqual(data)
          }
        },
      ),
      { numRuns: 700 },
    )
  })

  it.each(KINDS)('$hash of arbitrary bytes is refused in the words of S3', async ({ hash, trailer }) => {
    const piece = fc.oneof(
      fc.constantFrom('\r\n', '0\r\n', '5\r\n', 'ff', ';chunk-signature=', 'x-amz-checksum-crc64nvme:', '0', '-', '\n'),
      fc.uint8Array({ maxLength: 6 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
    )
    await fc.assert(
      fc.asyncProperty(
        fc.array(piece, { maxLength: 12 }),
        fc.array(fc.nat(), { maxLength: 4 }),
        async (parts, places) => {
          const bytes = Buffer.from(parts.join(''), 'latin1')
          const outcome = await readOrRefused(open(hash, headersFor(Buffer.alloc(5), trailer), cut(bytes, places)))
          expect(outcome).toBeUndefined()
        },
      ),
      { numRuns: 1500 },
    )
  })

  it('bytes behind the end, and lines without CR, are IncompleteBody', async () => {
    const data = Buffer.from('12345')
    const framed = frame(data, 5, false, trailersFor(data, true))
    const hash = 'STREAMING-UNSIGNED-PAYLOAD-TRAILER'
    for (const changed of [`${framed.toString()}more`, framed.toString().replaceAll('\r\n', '\n')]) {
      const payload = open(hash, headersFor(data, true), [Buffer.from(changed)])
      await expect(read(payload)).rejects.toMatchObject({ code: 'IncompleteBody' })
    }
  })

  it('a trailer that was not announced, or comes twice, is MalformedTrailerError', async () => {
    const data = Buffer.from('12345')
    const hash = 'STREAMING-UNSIGNED-PAYLOAD-TRAILER'
    const trailers = trailersFor(data, true) ?? {}
    const other = frame(data, 5, false, { ...trailers, 'x-amz-other': '1' })
    const [line = ''] = /x-amz-checksum-.*\r\n/.exec(frame(data, 5, false, trailers).toString()) ?? []
    const twice = Buffer.from(
      frame(data, 5, false, trailers)
        .toString()
        .replace(line, line + line),
    )
    for (const framed of [other, twice]) {
      const payload = open(hash, headersFor(data, true), [framed])
      await expect(read(payload)).rejects.toMatchObject({ code: 'MalformedTrailerError' })
    }
  })

  it('a body cut anywhere is refused', async () => {
    const data = Buffer.from('0123456789'.repeat(10))
    const framed = frame(data, 32, false, trailersFor(data, true))
    for (let end = 0; end < framed.length - 4; end++) {
      const payload = open('STREAMING-UNSIGNED-PAYLOAD-TRAILER', headersFor(data, true), [framed.subarray(0, end)])
      await expect(read(payload), `cut at ${end}`).rejects.toMatchObject({
        name: /IncompleteBody|Malformed|InvalidRequest/,
      })
    }
  })

  it('a decoded length that is not the one announced is IncompleteBody', async () => {
    const framed = frame(Buffer.from('12345'), 5, false, {})
    for (const length of ['4', '6']) {
      const payload = open('STREAMING-UNSIGNED-PAYLOAD-TRAILER', { 'x-amz-decoded-content-length': length }, [framed])
      await expect(read(payload)).rejects.toMatchObject({ code: 'IncompleteBody' })
    }
  })

  it('a wrong checksum in the trailer is BadDigest, a missing one MalformedTrailerError', async () => {
    const data = Buffer.from('12345')
    const wrong = frame(data, 5, false, { 'x-amz-checksum-crc64nvme': checksumOf('CRC64NVME', Buffer.from('else')) })
    const hash = 'STREAMING-UNSIGNED-PAYLOAD-TRAILER'
    await expect(read(open(hash, headersFor(data, true), [wrong]))).rejects.toMatchObject({ code: 'BadDigest' })
    const missing = frame(data, 5, false, {})
    await expect(read(open(hash, headersFor(data, true), [missing]))).rejects.toMatchObject({
      code: 'MalformedTrailerError',
    })
  })

  it('framing lines have a bounded length', async () => {
    const endless = Buffer.alloc(10_000, 'f')
    const payload = open('STREAMING-UNSIGNED-PAYLOAD-TRAILER', { 'x-amz-decoded-content-length': '1' }, [endless])
    await expect(read(payload)).rejects.toMatchObject({ code: 'IncompleteBody' })
  })
})
