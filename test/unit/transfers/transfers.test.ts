import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { CreateBucketCommand, HeadObjectCommand, ListPartsCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openClients } from '../../../electron/cloud/clients.ts'
import type { Clients } from '../../../electron/cloud/connection.ts'
import { base64Crc } from '../../../electron/transfers/checksum.ts'
import { download } from '../../../electron/transfers/download.ts'
import type { Stored } from '../../../electron/transfers/fetch-range.ts'
import type { OpenedUpload, SentPart, UploadHooks } from '../../../electron/transfers/hooks.ts'
import { partSize, partsInFlight } from '../../../electron/transfers/parts.ts'
import { upload } from '../../../electron/transfers/upload.ts'
import { startMoto } from '../../support/moto.ts'
import type { ForeignServer } from '../../support/servers/foreign.ts'
import { bytes, cuttingProxy, MiB, openUploads, plainUpload, repeating } from './kit.ts'

const { signal } = new AbortController()
const bucket = 'parts'
let moto: ForeignServer
let clients: Clients

beforeAll(async () => {
  moto = await startMoto()
  clients = openClients(moto.connection)
  await clients.s3.send(new CreateBucketCommand({ Bucket: bucket }))
})

afterAll(async () => {
  clients.close()
  await moto.stop()
})

async function store(key: string, content: Buffer): Promise<Stored> {
  const { etag } = await upload(clients.s3, plainUpload(bucket, key, content), { signal })
  return { bucket, key, versionId: undefined, etag, size: content.length, customerKey: {} }
}

async function digestOf(stored: Stored, s3 = clients.s3): Promise<string> {
  const hash = createHash('sha256')
  await download(s3, { stored, opener: null, plaintext: (piece) => void hash.update(piece) }, { signal })
  return hash.digest('hex')
}

function digest(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex')
}

describe('parts', () => {
  test('a part is max(8 MiB, size / 10,000) rounded up to a MiB, so that 10,000 always suffice', () => {
    expect(partSize(0)).toBe(8 * MiB)
    expect(partSize(80_000 * MiB)).toBe(8 * MiB)
    expect(partSize(80_000 * MiB + 1)).toBe(9 * MiB)
    const largest = 48.8 * 1024 ** 4
    expect(Math.ceil(largest / partSize(largest))).toBeLessThanOrEqual(10_000)
  })

  test('what is in flight stays within the memory bound, and is at least one part', () => {
    expect(partsInFlight(8 * MiB) * 8 * MiB).toBeLessThanOrEqual(32 * MiB)
    expect(partsInFlight(5_000 * MiB)).toBe(1)
  })
})

describe('a round trip', () => {
  test.for([0, 1, 8 * MiB - 1, 8 * MiB, 8 * MiB + 1, 24 * MiB + 12_345])('%i bytes', async (size) => {
    const content = bytes(size)
    const stored = await store(`size-${size}`, content)
    expect(await digestOf(stored)).toBe(digest(content))
  })

  test('parts carry the checksum of the whole object', async () => {
    const content = bytes(17 * MiB)
    const { key } = await store('summed', content)
    const head = await clients.s3.send(new HeadObjectCommand({ Bucket: bucket, Key: key, ChecksumMode: 'ENABLED' }))
    expect(head.ChecksumCRC32).toBe(base64Crc(crc32(content)))
  })

  test('progress ends at the size, and never goes back', async () => {
    const seen: number[] = []
    const content = bytes(20 * MiB)
    await upload(clients.s3, plainUpload(bucket, 'progress', content), {
      signal,
      onProgress: (done) => seen.push(done),
    })
    expect(seen.at(-1)).toBe(content.length)
    expect(seen).toEqual(seen.toSorted((one, other) => one - other))
  })
})

describe('an upload that fails leaves nothing', () => {
  test.for([
    ['shorter', 20 * MiB, 20 * MiB + 1],
    ['longer', 20 * MiB + 1, 20 * MiB],
    ['shorter, in one piece', 10, 11],
    ['longer, in one piece', 11, 10],
  ] as const)('a source %s than it said', async ([, real, said]) => {
    const sending = upload(clients.s3, plainUpload(bucket, 'liar', bytes(real), said), { signal })
    await expect(sending).rejects.toMatchObject({ code: 'CHANGED_WHILE_READ' })
    expect(await openUploads(clients.s3, bucket)).toBe(0)
  })

  test('cancelled midway', async () => {
    const stop = new AbortController()
    const watch = { signal: stop.signal, onProgress: () => stop.abort() }
    const sending = upload(clients.s3, plainUpload(bucket, 'cancelled', bytes(64 * MiB)), watch)
    await expect(sending).rejects.toMatchObject({ code: 'CANCELLED' })
    expect(await openUploads(clients.s3, bucket)).toBe(0)
  })

  test('the name was taken meanwhile', async () => {
    await store('taken', bytes(1))
    const second = { ...plainUpload(bucket, 'taken', bytes(1)), condition: { IfNoneMatch: '*' } as const }
    await expect(upload(clients.s3, second, { signal })).rejects.toMatchObject({ code: 'ALREADY_EXISTS' })
  })
})

describe('hooks', () => {
  test('hear of every part before it leaves, in order, and after it is acknowledged', async () => {
    const heard: string[] = []
    const say = (word: string) => {
      heard.push(word)
      return Promise.resolve(undefined)
    }
    const content = bytes(17 * MiB)
    const hashes: string[] = []
    const hooks: UploadHooks = {
      opening: () => say('opening'),
      created: () => say('created'),
      beforePart: ({ number, sha256 }) => {
        hashes.push(sha256.toString('hex'))
        return say(`before ${number}`)
      },
      afterPart: ({ number }) => say(`after ${number}`),
    }
    await upload(clients.s3, plainUpload(bucket, 'hooked', content), { signal, hooks })
    expect(heard.slice(0, 2)).toEqual(['opening', 'created'])
    expect(heard.filter((word) => word.startsWith('before'))).toEqual(['before 1', 'before 2', 'before 3'])
    expect(hashes).toEqual([0, 8, 16].map((at) => digest(content.subarray(at * MiB, (at + 8) * MiB))))
    for (const number of [1, 2, 3]) {
      expect(heard.indexOf(`after ${number}`)).toBeGreaterThan(heard.indexOf(`before ${number}`))
    }
  })

  test('decide what is sent: nothing of a part that is refused or of those after it, nothing again of what is there', async () => {
    const content = bytes(30 * MiB)
    const sent: SentPart[] = []
    const state: { opened?: OpenedUpload } = {}
    const refused = new Error('not this one')
    const first = upload(clients.s3, plainUpload(bucket, 'resumed', content), {
      signal,
      leaveOnFailure: true,
      hooks: {
        created: (opened) => Promise.resolve(void (state.opened = opened)),
        async beforePart({ number }) {
          if (number < 3) return undefined
          await expect.poll(() => sent.length).toBe(2)
          throw refused
        },
        afterPart: (part) => Promise.resolve(void sent.push(part)),
      },
    })
    await expect(first).rejects.toBe(refused)
    const there = new Map(sent.map(({ number, etag }) => [number, etag]))
    const { opened } = state
    const { Parts } = await clients.s3.send(
      new ListPartsCommand({ Bucket: bucket, Key: 'resumed', UploadId: opened?.uploadId }),
    )
    expect(Parts?.map(({ PartNumber }) => PartNumber)).toEqual([1, 2])

    const again: number[] = []
    const progress: number[] = []
    await upload(
      clients.s3,
      { ...plainUpload(bucket, 'resumed', content), opened },
      {
        signal,
        onProgress: (done) => progress.push(done),
        hooks: {
          opening: () => Promise.reject(new Error('it is open already')),
          created: () => Promise.reject(new Error('it is open already')),
          beforePart: ({ number }) => Promise.resolve(there.get(number)),
          afterPart: ({ number }) => Promise.resolve(void again.push(number)),
        },
      },
    )
    expect(again.sort()).toEqual([3, 4])
    expect(progress.at(-1)).toBe(content.length)
    const { ContentLength } = await clients.s3.send(new HeadObjectCommand({ Bucket: bucket, Key: 'resumed' }))
    expect(ContentLength).toBe(content.length)
    expect(await openUploads(clients.s3, bucket)).toBe(0)
  })
})

describe('a download', () => {
  test('of an object that is replaced meanwhile is an error, not a mixture', async () => {
    const stored = await store('moving', bytes(100 * MiB))
    let replaced = false
    const reading = download(
      clients.s3,
      {
        stored,
        opener: null,
        plaintext: async () => {
          if (replaced) return
          replaced = true
          await clients.s3.send(new PutObjectCommand({ Bucket: bucket, Key: 'moving', Body: bytes(100) }))
        },
      },
      { signal },
    )
    await expect(reading).rejects.toMatchObject({ code: 'CHANGED_WHILE_READ' })
  })

  test('of an object that is shorter than it was said to be is TRUNCATED', async () => {
    const stored = await store('short', bytes(100))
    await expect(digestOf({ ...stored, size: 101 })).rejects.toMatchObject({ code: 'TRUNCATED' })
    await expect(digestOf({ ...stored, size: 20 * MiB })).rejects.toMatchObject({ code: 'TRUNCATED' })
  })

  test('goes on where a connection broke', async () => {
    const content = bytes(30 * MiB)
    const stored = await store('flaky', content)
    const network = await cuttingProxy(moto.endpoint, (request, n) => request.method === 'GET' && n % 2 === 1)
    const through = openClients({ ...moto.connection, endpoint: network.endpoint })
    try {
      expect(await digestOf(stored, through.s3)).toBe(digest(content))
    } finally {
      through.close()
      await network.close()
    }
  })

  const refusal = (name: string): string => `<Error><Code>${name}</Code></Error>`
  test.each([
    { answer: { status: 422, body: refusal('ObjectDamaged') }, code: 'INTEGRITY', asked: 1 },
    { answer: { status: 400, body: refusal('BadRange') }, code: 'INVALID_INPUT', asked: 1 },
    { answer: { status: 200, headers: { 'x-amz-checksum-crc32': 'AAAAAQ==' } }, code: 'INTEGRITY', asked: 3 },
  ])('of an empty object is never an empty file for want of a right answer: $answer', async (wanted) => {
    const stored = await store('empty', bytes(0))
    const server = await repeating(wanted.answer, 'empty')
    const through = openClients({ ...moto.connection, endpoint: server.endpoint })
    try {
      await expect(digestOf(stored, through.s3)).rejects.toMatchObject({ code: wanted.code })
      expect(server.asked()).toBe(wanted.asked)
    } finally {
      through.close()
      await server.close()
    }
  })

  test('can be cancelled', async () => {
    const stored = await store('long', bytes(40 * MiB))
    const stop = new AbortController()
    const reading = download(
      clients.s3,
      { stored, opener: null, plaintext: () => stop.abort() },
      { signal: stop.signal },
    )
    await expect(reading).rejects.toMatchObject({ code: 'CANCELLED' })
  })
})

test('an upload whose last answer was lost is found to be stored', async () => {
  const content = bytes(10 * MiB)
  const network = await cuttingProxy(
    moto.endpoint,
    (request) => request.method === 'POST' && /uploadId=/.test(request.url ?? '') && first(),
  )
  let firsts = 0
  function first(): boolean {
    return firsts++ === 0
  }
  const through = openClients({ ...moto.connection, endpoint: network.endpoint })
  const request = { ...plainUpload(bucket, 'lost-answer', content), condition: { IfNoneMatch: '*' } as const }
  try {
    const stored = await upload(through.s3, request, { signal })
    expect(stored.bytes).toBe(content.length)
    expect(firsts).toBeGreaterThan(1)
  } finally {
    through.close()
    await network.close()
  }
})
