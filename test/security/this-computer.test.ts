import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { describe, expect, test } from 'vitest'
import { get, kmsCall, put, underAttack } from '../support/attack.ts'
import { codeOf, exchange, headOf, named, openSocket } from '../support/raw-http.ts'
import { errorCode, presign, send, signHeaders, type WireRequest } from '../support/signed-fetch.ts'

const MIB = 2 ** 20
const LIST = get('/')

const target = underAttack()

describe('a web page in the browser of whoever runs it', () => {
  test.each([
    ['another name', 'evil.example'],
    ['another name with the port', 'evil.example:PORT'],
    ['a name that begins like ours', '127.0.0.1.evil.example:PORT'],
    ['a name that ends like ours', 'evil.localhost:PORT'],
    ['a bucket as a name', 'bucket.localhost:PORT'],
    ['another address', '10.0.0.1:PORT'],
    ['the address of every interface', '0.0.0.0:PORT'],
    ['another loopback address', '127.0.0.2:PORT'],
    ['ours with someone in front', 'evil@127.0.0.1:PORT'],
    ['ours with a path behind', '127.0.0.1:PORT/evil'],
  ])('a request for %s is refused, even signed (DNS rebinding)', async (_what, text) => {
    const headers = { host: text.replace('PORT', target.host.split(':')[1] ?? '') }
    expect(await target.outcome({ ...LIST, headers })).toBe('400 InvalidRequest')
    const call = kmsCall('ListKeys', {})
    expect(await target.outcome({ ...call, headers: { ...call.headers, ...headers } }, 'kms')).toBe(
      '400 IncompleteSignatureException',
    )
  })

  test('a request for no host at all is refused', async () => {
    const signed = await signHeaders(target.cloud, LIST)
    const without = headOf(signed).replace(/^host:.*\r\n/m, '')
    expect(named(await exchange(target.cloud, without))).toBe('400 InvalidRequest')
    expect(named(await exchange(target.cloud, without.replace('\r\n', '\r\nHost:\r\n')))).toBe('400 InvalidRequest')
    expect(named(await exchange(target.cloud, without.replace('HTTP/1.1', 'HTTP/1.0')))).toBe('400 InvalidRequest')
  })

  test.each(['127.0.0.1:PORT', 'localhost:PORT', 'LOCALHOST:PORT', '[::1]:PORT', 'localhost', '127.0.0.1:1'])(
    'a request for %s is served',
    async (text) => {
      const headers = { host: text.replace('PORT', target.host.split(':')[1] ?? '') }
      expect(await target.outcome({ ...LIST, headers })).toBe('200')
    },
  )

  test('no answer lets a page of another origin read it', async () => {
    const page = { origin: 'https://evil.example', 'access-control-request-method': 'PUT' }
    const signed = (wire: WireRequest) => signHeaders(target.cloud, { ...wire, headers: { ...wire.headers, ...page } })
    await target.outcome(put('/bucket/page', 'text'))
    const answers = await Promise.all([
      send(target.cloud, { method: 'OPTIONS', path: '/bucket/page', headers: page }),
      send(target.cloud, { method: 'GET', path: '/bucket/page', headers: page }),
      send(target.cloud, await signed(get('/bucket/page'))),
      send(target.cloud, await signed({ method: 'OPTIONS', path: '/bucket/page', headers: {} })),
      send(target.cloud, await signHeaders(target.cloud, kmsCall('ListKeys', {}), { service: 'kms' })),
    ])
    expect(answers.map(({ status }) => status)).toEqual([403, 403, 200, 405, 200])
    for (const { headers } of answers) {
      expect(Object.keys(headers).filter((name) => name.startsWith('access-control'))).toEqual([])
    }
  })

  test('an object that is opened by its link does not run as a page of this address', async () => {
    await target.outcome(put('/bucket/page.html', '<script>1</script>', { 'content-type': 'text/html' }))
    const link = await presign(target.cloud, get('/bucket/page.html'), 60)
    const { status, headers } = await send(target.cloud, link)
    expect(status).toBe(200)
    expect(headers['content-security-policy']).toBe('sandbox')
    expect(headers['x-content-type-options']).toBe('nosniff')
  })
})

describe('somebody without the secret', () => {
  test.each([
    ['GET', '/'],
    ['GET', '/bucket'],
    ['PUT', '/bucket/key'],
    ['DELETE', '/bucket'],
    ['POST', '/bucket?delete'],
    ['HEAD', '/nobody'],
    ['OPTIONS', '/'],
    ['GET', '/.coffer/else'],
  ])('%s %s unsigned is AccessDenied, before a word about what there is', async (method, path) => {
    const answer = await send(target.cloud, { method, path, headers: {} })
    expect(answer.status).toBe(403)
    if (method !== 'HEAD') expect(errorCode(answer)).toBe('AccessDenied')
  })

  test('a KMS call unsigned is refused before its body is read', async () => {
    const { headers } = kmsCall('ListKeys', {})
    const open = headOf({
      method: 'POST',
      path: '/',
      headers: { host: target.host, ...headers, 'content-length': '200000' },
    })
    expect(named(await exchange(target.cloud, open))).toBe('400 MissingAuthenticationTokenException')
    const signed = await signHeaders(target.cloud, kmsCall('ListKeys', {}), {
      service: 'kms',
      credentials: { accessKeyId: 'AKIANOBODYNOBODY0000', secretAccessKey: 'x' },
    })
    const stranger = headOf({ ...signed, headers: { ...signed.headers, 'content-length': '200000' } })
    expect(named(await exchange(target.cloud, stranger))).toBe('400 UnrecognizedClientException')
  })

  test('a signature is good for 15 minutes, before and after, and not a minute more', async () => {
    const at = async (minutes: number) =>
      target.sent(await signHeaders(target.cloud, LIST, { date: new Date(Date.now() + minutes * 60_000) }))
    expect([await at(-14), await at(14)]).toEqual(['200', '200'])
    expect([await at(-16), await at(16)]).toEqual(['403 RequestTimeTooSkewed', '403 RequestTimeTooSkewed'])
  })

  test('a signature cannot be used for another body, object, query, host or method', async () => {
    const signed = await signHeaders(target.cloud, put('/bucket/replayed', 'first'))
    expect(await target.sent(signed)).toBe('200')
    expect(await target.sent({ ...signed, body: 'other' })).toBe('400 XAmzContentSHA256Mismatch')
    expect(await target.bodyOf(get('/bucket/replayed'))).toBe('first')
    for (const change of [
      { path: '/bucket/else' },
      { path: '/bucket/replayed?versionId=null' },
      { method: 'DELETE', body: undefined },
      { headers: { ...signed.headers, host: 'localhost:1' } },
      { headers: { ...signed.headers, 'x-amz-content-sha256': createHash('sha256').update('other').digest('hex') } },
    ]) {
      expect(await target.sent({ ...signed, ...change }), JSON.stringify(change)).toBe('403 SignatureDoesNotMatch')
    }
    expect(await target.sent({ ...signed, headers: { ...signed.headers, 'x-amz-acl': 'private' } })).toBe(
      '403 AccessDenied',
    )
  })

  test('an old signature is not refreshed by a newer date beside it', async () => {
    const old = new Date(Date.now() - 20 * 60_000)
    const signed = await signHeaders(target.cloud, LIST, { date: old })
    const now = new Date()
    const basic = now.toISOString().replace(/[-:]|\.\d{3}/g, '')
    const add = (headers: Record<string, string>) =>
      target.sent({ ...signed, headers: { ...signed.headers, ...headers } })
    expect(await add({ date: now.toUTCString() })).toBe('403 RequestTimeTooSkewed')
    // Just after midnight (UTC) the newer date is of another day than the credential's, which shows before the signature does.
    const sameDay = old.getUTCDate() === now.getUTCDate()
    const refused = sameDay ? '403 SignatureDoesNotMatch' : '400 AuthorizationHeaderMalformed'
    expect(await add({ 'x-amz-date': basic })).toBe(refused)
    expect(await add({ 'x-amz-date': basic.replace(/^\d{8}/, '20200101') })).toBe('400 AuthorizationHeaderMalformed')
    expect(await add({ 'x-amz-date': 'yesterday' })).toBe('403 AccessDenied')
  })
})

describe('requests that two readers could read differently', () => {
  const HIDDEN = 'GET /hidden HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n'

  test.each<[string, string, (head: string) => string]>([
    ['two hosts', 'InvalidRequest', (head) => add(head, `Host: ${target.host}`)],
    ['two authorizations', 'InvalidRequest', (head) => add(head, /authorization: .*/i.exec(head)?.[0] ?? '')],
    ['two dates', 'InvalidRequest', (head) => add(head, /x-amz-date: .*/i.exec(head)?.[0] ?? '')],
    ['two equal lengths', 'BadRequest', (head) => add(head, 'Content-Length: 0', 'Content-Length: 0')],
    ['two lengths', 'BadRequest', (head) => add(head, 'Content-Length: 0', `Content-Length: ${HIDDEN.length}`)],
    ['a list of lengths', 'BadRequest', (head) => add(head, 'Content-Length: 0, 0')],
    ['a length with a sign', 'BadRequest', (head) => add(head, 'Content-Length: +0')],
    ['a length below zero', 'BadRequest', (head) => add(head, 'Content-Length: -1')],
    ['a length in hex', 'BadRequest', (head) => add(head, 'Content-Length: 0x0')],
    ['a length beyond numbers', 'BadRequest', (head) => add(head, 'Content-Length: 99999999999999999999')],
    ['a length and chunks', 'BadRequest', (head) => add(head, 'Content-Length: 5', 'Transfer-Encoding: chunked')],
    ['chunks twice', 'BadRequest', (head) => add(head, 'Transfer-Encoding: chunked', 'Transfer-Encoding: chunked')],
    ['chunks that are not last', 'BadRequest', (head) => add(head, 'Transfer-Encoding: chunked, identity')],
    ['a folded header', 'BadRequest', (head) => head.replace(', SignedHeaders', ',\r\n SignedHeaders')],
    ['a header without a colon', 'BadRequest', (head) => add(head, 'nonsense')],
    ['a space before the colon', 'BadRequest', (head) => add(head, 'x-test : 1')],
    ['a space before the first header', 'BadRequest', (head) => head.replace('\r\n', '\r\n ')],
    ['lines that end without CR', 'BadRequest', (head) => head.replaceAll('\r\n', '\n')],
    ['one line that ends without CR', 'BadRequest', (head) => head.replace('\r\n', '\n')],
    ['a CR within a line', 'BadRequest', (head) => add(head, 'x-test: a\rb')],
    ['a NUL in a header', 'BadRequest', (head) => add(head, 'x-test: a\0b')],
    ['a NUL in the path', 'BadRequest', (head) => head.replace('GET /', 'GET /bucket/a\0b')],
    ['bytes beyond ASCII in the path', 'BadRequest', (head) => head.replace('GET /', 'GET /bucket/\xc3\xa9')],
    ['a whole URL for a path', 'InvalidURI', (head) => head.replace('GET /', `GET http://${target.host}/`)],
    ['an escape that is none', 'InvalidURI', (head) => head.replace('GET /', 'GET /bucket/%zz')],
    ['an escape that is no UTF-8', 'InvalidURI', (head) => head.replace('GET /', 'GET /bucket/%ff')],
    ['an escaped surrogate', 'InvalidURI', (head) => head.replace('GET /', 'GET /bucket/%ed%a0%80')],
    ['an escape in the query that is none', 'InvalidURI', (head) => head.replace('GET /', 'GET /?a=%e2%82')],
    ['the words of HTTP/2', 'BadRequest', () => 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['a chunk that is too long for numbers', 'MissingContentLength', (head) => chunked(head, 'fffffffffffffffff\r\n')],
    ['a chunk below zero', 'MissingContentLength', (head) => chunked(head, '-1\r\n')],
    ['a chunk with a long extension', 'MissingContentLength', (head) => chunked(head, `0;${'a'.repeat(40_000)}`)],
  ])('%s: %s', async (_what, code, spoil) => {
    const answers = await exchange(
      target.cloud,
      `${spoil(headOf(await signHeaders(target.cloud, LIST)))}${HIDDEN}`,
      200,
    )
    // Where framing is in doubt, nothing that follows is taken for a request.
    expect(codeOf(answers[0])).toBe(code)
    const inFrame = code === 'InvalidRequest' || code === 'InvalidURI'
    expect(answers.length).toBe(inFrame ? 2 : 1)
    if (inFrame) expect(codeOf(answers[1])).toBe('AccessDenied')
  })

  test('garbage behind a request never gets between the bytes of its answer', async () => {
    const body = 'a'.repeat(8 * MIB)
    await target.outcome(put('/bucket/long', body))
    const wire = await signHeaders(target.cloud, get('/bucket/long'))
    const socket = openSocket(target.cloud)
    let text = ''
    socket.on('data', (piece: Buffer) => (text += piece.toString('latin1')))
    socket.write(headOf(wire))
    await once(socket, 'data')
    socket.write('garbage\r\n\r\n')
    await once(socket, 'close')
    const received = text.slice(text.indexOf('\r\n\r\n') + 4)
    expect(/[^a]/.exec(received)).toBeNull()
  })

  function add(head: string, ...lines: string[]): string {
    return head.replace(/\r\n\r\n$/, `\r\n${lines.join('\r\n')}\r\n\r\n`)
  }

  function chunked(head: string, chunk: string): string {
    return add(head, 'Transfer-Encoding: chunked') + chunk
  }
})
