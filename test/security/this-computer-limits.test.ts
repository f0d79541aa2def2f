import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, readdirSync } from 'node:fs'
import type { Socket } from 'node:net'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { get, kmsCall, post, put, underAttack } from '../support/attack.ts'
import { watchMemory } from '../support/process-size.ts'
import { exchange, headOf, named, openSocket } from '../support/raw-http.ts'
import { send, signHeaders, type WireRequest } from '../support/signed-fetch.ts'

const MIB = 2 ** 20
const GIB = 2 ** 30

const target = underAttack()

describe('what is too large', () => {
  test('header sections, and URLs with them, end at 32 KiB', async () => {
    const large = 'a'.repeat(40_000)
    const code = '400 RequestHeaderSectionTooLarge'
    expect(named(await exchange(target.cloud, `GET / HTTP/1.1\r\nHost: ${target.host}\r\nx-a: ${large}\r\n\r\n`))).toBe(
      code,
    )
    expect(named(await exchange(target.cloud, `GET /${large} HTTP/1.1\r\nHost: ${target.host}\r\n\r\n`))).toBe(code)
    const many = Array.from({ length: 8000 }, (_, i) => `a${i}: b\r\n`).join('')
    expect(named(await exchange(target.cloud, `GET / HTTP/1.1\r\nHost: ${target.host}\r\n${many}\r\n`))).toBe(code)
  })

  test('an object or part of more than 5 GiB is refused by its length alone', async () => {
    const claim = async (headers: Record<string, string>) =>
      named(
        await exchange(
          target.cloud,
          headOf(await signHeaders(target.cloud, { method: 'PUT', path: '/bucket/huge', headers })),
          200,
        ),
      )
    const unsigned = { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' }
    const framed = { 'x-amz-content-sha256': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER', 'content-length': '100' }
    const tooLarge = '400 EntityTooLarge'
    expect(await claim({ ...unsigned, 'content-length': String(5 * GIB + 1) })).toBe(tooLarge)
    expect(await claim({ ...framed, 'x-amz-decoded-content-length': String(5 * GIB + 1) })).toBe(tooLarge)
    expect(await claim({ ...framed, 'x-amz-decoded-content-length': '9'.repeat(30) })).toBe('400 InvalidArgument')
  })

  test.each<[string, string, () => WireRequest, string?]>([
    ['a key of 1025 bytes', '400 KeyTooLongError', () => put(`/bucket/${'k'.repeat(1025)}`, '')],
    [
      'metadata of 2049 bytes',
      '400 MetadataTooLarge',
      () => put('/bucket/k', '', { 'x-amz-meta-a': 'a'.repeat(2048) }),
    ],
    ['11 tags', '400 BadRequest', () => put('/bucket/k', '', { 'x-amz-tagging': tags(11) })],
    ['1001 deletions', '400 MalformedXML', () => post('/bucket?delete', deletions(1001))],
    ['a document of 9 MiB', '400 MalformedXML', () => post('/bucket?delete', 'x'.repeat(9 * MIB))],
    [
      'a policy of more than 32 KiB',
      '400 LimitExceededException',
      () => kmsCall('CreateKey', { Policy: policy() }),
      'kms',
    ],
    [
      'a KMS call of more than 256 KiB',
      '413 RequestEntityTooLargeException',
      () => kmsCall('CreateKey', { Description: 'a'.repeat(300_000) }),
      'kms',
    ],
    [
      'an encryption context of more than 8 KiB',
      '400 ValidationException',
      () => kmsCall('Encrypt', { KeyId: 'alias/x', Plaintext: 'AA==', EncryptionContext: { a: 'a'.repeat(8192) } }),
      'kms',
    ],
  ])('%s: %s', async (_what, code, make, service) => {
    expect(await target.outcome(make(), service)).toBe(code)
  })

  test('a list of more than 10000 parts is MalformedXML', async () => {
    const begun = await send(target.cloud, await signHeaders(target.cloud, post('/bucket/parts?uploads', '')))
    const id = /<UploadId>([\w-]+)</.exec(begun.body)?.[1] ?? ''
    const parts = Array.from(
      { length: 10_001 },
      (_, i) => `<Part><PartNumber>${i + 1}</PartNumber><ETag>a</ETag></Part>`,
    )
    const body = `<CompleteMultipartUpload>${parts.join('')}</CompleteMultipartUpload>`
    expect(await target.outcome(post(`/bucket/parts?uploadId=${id}`, body))).toBe('400 MalformedXML')
  })

  function tags(count: number): string {
    return Array.from({ length: count }, (_, i) => `k${i}=v`).join('&')
  }

  function deletions(count: number): string {
    return `<Delete>${'<Object><Key>k</Key></Object>'.repeat(count)}</Delete>`
  }

  function policy(): string {
    const statement = { Sid: 'a'.repeat(33_000), Effect: 'Allow', Principal: '*', Action: 'kms:*', Resource: '*' }
    return JSON.stringify({ Statement: [statement] })
  }
})

describe('what is malformed', () => {
  const key = '<Object><Key>k</Key></Object>'
  test.each([
    ['a document type', `<!DOCTYPE a><Delete>${key}</Delete>`],
    ['entities of its own', `<!DOCTYPE a [<!ENTITY x "y">]><Delete><Object><Key>&x;</Key></Object></Delete>`],
    ['an external entity', '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><Delete>&x;</Delete>'],
    ['an entity nobody defined', '<Delete><Object><Key>&x;</Key></Object></Delete>'],
    ['an entity named like a member of every object', '<Delete><Object><Key>&constructor;</Key></Object></Delete>'],
    ['an ampersand alone', '<Delete><Object><Key>a & b</Key></Object></Delete>'],
    ['CDATA', '<Delete><Object><Key><![CDATA[&amp;]]></Key></Object></Delete>'],
    ['a reference to a surrogate', '<Delete><Object><Key>&#xD800;</Key></Object></Delete>'],
    ['a reference beyond Unicode', '<Delete><Object><Key>&#x110000;</Key></Object></Delete>'],
    ['an end that is missing', `<Delete>${key}`],
    ['an end of another element', '<Delete><Object><Key>k</Object></Key></Delete>'],
    ['two roots', `<Delete>${key}</Delete><Delete>${key}</Delete>`],
    ['text behind its end', `<Delete>${key}</Delete>more`],
    ['two keys in one', '<Delete><Object><Key>a</Key><Key>b</Key></Object></Delete>'],
    ['an element in a key', '<Delete><Object><Key>a<b/>c</Key></Object></Delete>'],
    ['the members of every object', '<Delete><__proto__><Key>k</Key></__proto__></Delete>'],
    ['a million levels', '<Delete>'.repeat(1_000_000)],
    ['two million elements', `<Delete>${'<a/>'.repeat(2_000_000)}</Delete>`],
    ['eight million ampersands', `<Delete><Object><Key>${'&'.repeat(8_000_000)}</Key></Object></Delete>`],
    ['eight million tag beginnings', '<'.repeat(8_000_000)],
    ['a name of eight million letters', `<${'a'.repeat(8_000_000)}>`],
    ['bytes that are no UTF-8', Buffer.from('<Delete><Object><Key>\xff</Key></Object></Delete>', 'latin1')],
  ])('a document with %s is MalformedXML, in no time and no memory', async (_what, body) => {
    const before = Date.now()
    const growth = watchMemory(target.cloud.pid)
    expect(await target.outcome(post('/bucket?delete', body))).toBe('400 MalformedXML')
    expect(growth()).toBeLessThan(150 * MIB)
    expect(Date.now() - before).toBeLessThan(30_000)
  })

  test('JSON of a hundred thousand levels is refused', async () => {
    const deep = `{"KeyId":${'['.repeat(100_000)}${']'.repeat(100_000)}}`
    expect(await target.outcome(kmsCall('DescribeKey', deep), 'kms')).toBe('400 ValidationException')
    expect(await target.outcome(kmsCall('DescribeKey', '['.repeat(200_000)), 'kms')).toBe('400 SerializationException')
  })

  test('an encryption context named __proto__ is bound to what it encrypts', async () => {
    const call = async (action: string, input: string) =>
      JSON.parse(await target.bodyOf(kmsCall(action, input), 'kms')) as Record<string, string>
    const { KeyMetadata } = JSON.parse(await target.bodyOf(kmsCall('CreateKey', {}), 'kms')) as {
      KeyMetadata: { KeyId: string }
    }
    const context = '"EncryptionContext":{"__proto__":"x"}'
    const { CiphertextBlob } = await call('Encrypt', `{"KeyId":"${KeyMetadata.KeyId}","Plaintext":"AAAA",${context}}`)
    const { Plaintext } = await call('Decrypt', `{"CiphertextBlob":"${CiphertextBlob}",${context}}`)
    expect(Plaintext).toBe('AAAA')
    const without = await target.outcome(kmsCall('Decrypt', { CiphertextBlob }), 'kms')
    expect(without).toBe('400 InvalidCiphertextException')
  })

  test('metadata named __proto__ is kept like any other', async () => {
    expect(await target.outcome(put('/bucket/proto', '', { 'x-amz-meta-__proto__': 'kept' }))).toBe('200')
    const answer = await send(target.cloud, await signHeaders(target.cloud, get('/bucket/proto')))
    expect(answer.headers['x-amz-meta-__proto__']).toBe('kept')
  })

  test.each<[string, string, string]>([
    ['a size that is absurd', 'IncompleteBody', 'ffffffffffff\r\nabc'],
    ['a size beyond numbers', 'IncompleteBody', 'fffffffffffffffffffff\r\nabc'],
    ['a size below zero', 'IncompleteBody', '-5\r\nhello\r\n0\r\n\r\n'],
    ['a size of nothing', 'IncompleteBody', '\r\nhello\r\n0\r\n\r\n'],
    ['a line without CR', 'IncompleteBody', '5\nhello\n0\n\n'],
    ['more than it said', 'IncompleteBody', '6\r\nhellos\r\n0\r\n\r\n'],
    ['bytes behind its end', 'IncompleteBody', '5\r\nhello\r\n0\r\n\r\nmore'],
    ['an extension that is none', 'IncompleteBody', '5;x=y\r\nhello\r\n0\r\n\r\n'],
    ['an endless line', 'IncompleteBody', 'f'.repeat(100_000)],
    [
      'a trailer that was not announced',
      'MalformedTrailerError',
      '5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n',
    ],
    ['a trailer that is none', 'MalformedTrailerError', '5\r\nhello\r\n0\r\nnonsense\r\n\r\n'],
  ])('an aws-chunked body with %s is refused: %s', async (_what, code, body) => {
    const headers = {
      'x-amz-content-sha256': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
      'x-amz-decoded-content-length': '5',
      'content-encoding': 'aws-chunked',
    }
    expect(await target.outcome(put('/bucket/framed', body, headers))).toBe(`400 ${code}`)
    expect(await target.outcome({ method: 'HEAD', path: '/bucket/framed', headers: {} })).toBe('404')
  })
})

describe('keys and buckets that look like paths', () => {
  const KEYS = [
    '../../../etc/passwd',
    '..',
    '.',
    '../objects/00/x',
    '..%2f..%2fescaped',
    '..%5c..%5cwindows',
    '%2e%2e/%2e%2e/dots',
    '/absolute',
    '//twice//',
    'nul%00byte',
    'nul%00byte.txt',
    'C:%5Cwindows',
    'run.json',
    's3.db',
    'a/../../b',
    'line%0Abreak%0D',
    '%F0%9F%97%9D%EF%B8%8F',
    'x'.repeat(1024),
    `${'d/'.repeat(511)}x`,
  ]

  test('are names like any other: each its own object, and no file has them', async () => {
    await target.outcome({ method: 'PUT', path: '/paths', headers: {} })
    const around = () => readdirSync(dirname(target.cloud.dataDir)).sort()
    const before = around().filter((name) => !name.startsWith('coffer-') || name === target.cloud.dataDir)
    for (const [i, key] of KEYS.entries()) {
      // Large enough to rest in a file of its own.
      expect(await target.outcome(put(`/paths/${key}`, `${i}`.padEnd(200_000, '.'))), key).toBe('200')
    }
    for (const [i, key] of KEYS.entries()) {
      const wire = await signHeaders(target.cloud, get(`/paths/${key}`))
      expect((await send(target.cloud, wire)).body, key).toBe(`${i}`.padEnd(200_000, '.'))
    }
    const listed = await send(
      target.cloud,
      await signHeaders(target.cloud, get('/paths?list-type=2&encoding-type=url')),
    )
    const names = [...listed.body.matchAll(/<Key>([^<]*)<\/Key>/g)].map(([, name]) => decodeURIComponent(name ?? ''))
    expect(names.sort()).toEqual(KEYS.map((key) => decodeURIComponent(key)).sort())

    const files = readdirSync(target.cloud.dataDir, { recursive: true, encoding: 'utf8' })
    const known =
      /^(?:tmp|objects(?:\/[0-9a-f]{2}(?:\/[0-9a-f]{32})?|\/log(?:\/\d{16}(?:\.snapshot|-\d{3}\.log))?)?|(?:s3|kms|principals|lock)\.db(?:-wal|-shm|-journal)?|(?:kms|principals)\.backup|run\.json|root-key\.check)$/
    expect(files.filter((name) => !known.test(name))).toEqual([])
    expect(around().filter((name) => before.includes(name))).toEqual(before)
    expect(existsSync(join(target.cloud.dataDir, '..', 'escaped'))).toBe(false)
  })

  test.each(['..', '.', '..%2f..', '%2e%2e', 'UPPER', 'a', 'a..b', '127.0.0.1', '.coffer', 'nul%00', 'b'.repeat(64)])(
    'a bucket %s cannot be made',
    async (name) => {
      const code = await target.outcome({ method: 'PUT', path: `/${name}`, headers: {} })
      expect(['400 InvalidBucketName', '404 NoSuchBucket']).toContain(code)
    },
  )
})

describe('what is slow or too much', () => {
  test('a thousand idle connections, and floods of requests, cost little memory and are let go of', async () => {
    const growth = watchMemory(target.cloud.pid)
    const sockets = Array.from({ length: 1200 }, () => openSocket(target.cloud).resume())
    // Beyond its thousand the server closes at once.
    const isClosed = ({ destroyed, readableEnded }: Socket) => destroyed || readableEnded
    await expect.poll(() => sockets.filter(isClosed).length).toBeGreaterThan(100)
    expect(sockets.filter((socket) => !isClosed(socket)).length).toBeGreaterThan(900)
    for (const socket of sockets) socket.destroy()
    await expect.poll(() => target.outcome(get('/'))).toBe('200')
    const flood = openSocket(target.cloud)
    flood.on('data', () => undefined)
    for (let i = 0; i < 20; i++) flood.write(`GET /bucket HTTP/1.1\r\nHost: ${target.host}\r\n\r\n`.repeat(1000))
    await once(flood, 'data')
    flood.destroy()
    const unread = Array.from({ length: 50 }, () => openSocket(target.cloud).pause())
    const body = `PUT /bucket/x HTTP/1.1\r\nHost: ${target.host}\r\nContent-Length: ${GIB}\r\n\r\n`
    for (const socket of unread) socket.write(body + 'x'.repeat(MIB))
    await sleep(1000)
    for (const socket of unread) socket.destroy()
    expect(growth()).toBeLessThan(200 * MIB)
  })

  test('those who never finish are ended, each in its time', async () => {
    const drip = async (start: string, piece: string): Promise<number> => {
      const socket = openSocket(target.cloud)
      socket.on('data', () => undefined)
      const began = Date.now()
      socket.write(start)
      const timer = setInterval(() => socket.write(piece), 500)
      // What is written just as the server hangs up is answered by a reset.
      socket.on('error', () => undefined)
      await new Promise((resolve) => socket.once('close', resolve))
      clearInterval(timer)
      return (Date.now() - began) / 1000
    }
    const unsigned = `PUT /bucket/slow HTTP/1.1\r\nHost: ${target.host}\r\n`
    const call = `POST / HTTP/1.1\r\nHost: ${target.host}\r\nx-amz-target: TrentService.ListKeys\r\nContent-Length: 99999\r\n\r\n`
    const [silent, header, body, json, chunks] = await Promise.all([
      drip('', ''),
      drip('GET / HTTP/1.1\r\n', 'x-a: b\r\n'),
      drip(`${unsigned}Content-Length: 99999\r\n\r\n`, 'x'),
      drip(call, ' '),
      drip(`${unsigned}Transfer-Encoding: chunked\r\n\r\n`, '1;x\r\na\r\n'),
    ])
    // The head has 20 seconds, looked at every 5; a body that was refused is drained for 5.
    expect(silent).toBeLessThan(60)
    expect(header).toBeLessThan(60)
    for (const seconds of [body, json, chunks]) expect(seconds).toBeLessThan(18)
  })

  test('a flood of signed uploads is held in bounded memory', async () => {
    const growth = watchMemory(target.cloud.pid)
    const body = randomBytes(16 * MIB)
    const uploads = Array.from({ length: 12 }, (_, i) => target.outcome(put(`/bucket/flood-${i}`, body)))
    expect(new Set(await Promise.all(uploads))).toEqual(new Set(['200']))
    expect(growth()).toBeLessThan(250 * MIB)
  })
})
