import { describe, expect, it } from 'vitest'
import { sessionHeaders, socketProtocols } from '../../../electron/api/contract/browser-session.ts'
import { cookieHeader, cookieName, openSessionAuth, TOKEN_MS } from '../../../electron/loopback/session-auth.ts'

const PORT = 4711
const HOST = `127.0.0.1:${PORT}`

interface Entered {
  auth: ReturnType<typeof openSessionAuth>
  cookie: string
  /** The headers of a request of the tab that used the token. */
  own: { host: string; cookie: string; origin: string; authorization: string }
}

function entered(auth = openSessionAuth(PORT)): Entered {
  const session = auth.redeem(auth.issueToken())
  if (session === null) throw new Error('not let in')
  const cookie = `${cookieName(PORT)}=${session.cookie}`
  return { auth, cookie, own: { host: HOST, cookie, origin: `http://${HOST}`, ...sessionHeaders(session.secret) } }
}

describe('the token', () => {
  it('is taken once', () => {
    const auth = openSessionAuth(PORT)
    const token = auth.issueToken()
    const { cookie, secret } = auth.redeem(token) ?? {}
    for (const value of [cookie, secret]) expect(value).toMatch(/^[\w-]{43}$/)
    expect(cookie).not.toBe(secret)
    expect(auth.redeem(token)).toBeNull()
  })

  it('is taken within its time', () => {
    let now = 1_000_000
    const auth = openSessionAuth(PORT, () => now)
    const early = auth.issueToken()
    now += TOKEN_MS
    expect(auth.redeem(early)).not.toBeNull()
    const late = auth.issueToken()
    now += TOKEN_MS + 1
    expect(auth.redeem(late)).toBeNull()
  })

  it('is void when a new one was issued', () => {
    const auth = openSessionAuth(PORT)
    const first = auth.issueToken()
    const second = auth.issueToken()
    expect(auth.redeem(first)).toBeNull()
    expect(auth.redeem(second)).not.toBeNull()
  })

  it.each(['', 'x', 'a'.repeat(43)])('is not guessed: %j', (guess) => {
    const auth = openSessionAuth(PORT)
    expect(auth.redeem(guess)).toBeNull()
    auth.issueToken()
    expect(auth.redeem(guess)).toBeNull()
  })

  it('gives each tab a session of its own, and the earlier ones stay', () => {
    const auth = openSessionAuth(PORT)
    const [first, second] = [entered(auth), entered(auth)]
    expect(first.own).not.toEqual(second.own)
    for (const { own } of [first, second]) expect(auth.mayAct(own)).toBe(true)
  })
})

describe('a request', () => {
  it('comes in with the cookie, to this very address', () => {
    const { auth, cookie } = entered()
    expect(auth.mayLoad({ host: HOST, cookie })).toBe(true)
    expect(auth.mayLoad({ host: HOST, cookie: `other=1; ${cookie}; more=2` })).toBe(true)
    expect(auth.mayLoad({ host: HOST, cookie, 'sec-fetch-site': 'same-origin' })).toBe(true)
    expect(auth.mayLoad({ host: HOST, cookie, 'sec-fetch-site': 'none' })).toBe(true)
  })

  it.each([
    ['without a cookie', { host: HOST }],
    ['with an empty cookie', { host: HOST, cookie: `${cookieName(PORT)}=` }],
    ['with a guessed cookie', { host: HOST, cookie: `${cookieName(PORT)}=${'a'.repeat(43)}` }],
  ])('is refused %s', (_, headers) => {
    expect(entered().auth.mayLoad(headers)).toBe(false)
  })

  it.each([
    ['to another name, as by DNS rebinding', { host: `attacker.example:${PORT}` }],
    ['to localhost, which others may answer for', { host: `localhost:${PORT}` }],
    ['to another port', { host: '127.0.0.1:80' }],
    ['without a host', { host: undefined }],
    ['that another site made', { 'sec-fetch-site': 'cross-site' }],
    ['that another port of this machine made', { 'sec-fetch-site': 'same-site' }],
  ])('is refused %s', (_, headers) => {
    const { auth, cookie, own } = entered()
    expect(auth.mayLoad({ host: HOST, cookie, ...headers })).toBe(false)
    expect(auth.mayAct({ ...own, ...headers })).toBe(false)
  })

  it('is refused with the cookie of another window, or with two of one name', () => {
    const { auth, cookie } = entered()
    const other = entered().cookie
    expect(auth.mayLoad({ host: HOST, cookie: other })).toBe(false)
    expect(auth.mayLoad({ host: HOST, cookie: `${other}; ${cookie}` })).toBe(false)
  })

  it.each([
    undefined,
    'null',
    'http://attacker.example',
    `http://localhost:${PORT}`,
    `https://${HOST}`,
    'http://127.0.0.1',
    'http://127.0.0.1:4712',
  ])('that does something is refused from the page %s', (origin) => {
    const { auth, own } = entered()
    expect(auth.mayAct({ ...own, origin })).toBe(false)
  })

  it('that does something comes from the window itself, with the cookie and the secret', () => {
    const { auth, own } = entered()
    expect(auth.mayAct(own)).toBe(true)
    expect(auth.mayAct({ ...own, cookie: undefined })).toBe(false)
    expect(auth.mayAct({ ...own, authorization: entered().own.authorization })).toBe(false)
    expect(auth.mayAct({ ...own, cookie: entered().cookie })).toBe(false)
  })

  it('comes also from a tab whose cookie was replaced by that of a later one', () => {
    const { auth, own } = entered()
    expect(auth.mayAct({ ...own, cookie: entered(auth).cookie })).toBe(true)
  })

  it.each([
    ['no secret', undefined],
    ['an empty one', 'Bearer '],
    ['a guessed one', `Bearer ${'a'.repeat(43)}`],
    ['another scheme', 'Basic AAAA'],
  ])('that does something is refused with the cookie and %s', (_, authorization) => {
    const { auth, own } = entered()
    expect(auth.mayAct({ ...own, authorization })).toBe(false)
  })

  it('with the cookie in the place of the secret is refused: the cookie is all that other ports get', () => {
    const { auth, own, cookie } = entered()
    expect(auth.mayAct({ ...own, ...sessionHeaders(cookie.split('=')[1] ?? '') })).toBe(false)
  })

  it('of a socket carries the secret among its protocols, once', () => {
    const { auth, own } = entered()
    const secret = own.authorization.slice('Bearer '.length)
    const handshake = (protocols: string[]) => ({
      ...own,
      authorization: undefined,
      'sec-websocket-protocol': protocols.join(', '),
    })
    expect(auth.mayAct(handshake(socketProtocols(secret)))).toBe(true)
    expect(auth.mayAct(handshake(['coffer']))).toBe(false)
    expect(auth.mayAct(handshake(socketProtocols('a'.repeat(43))))).toBe(false)
    expect(auth.mayAct(handshake([...socketProtocols('a'.repeat(43)), ...socketProtocols(secret)]))).toBe(false)
  })
})

it('the cookie is for nobody else: no script, no other site', () => {
  expect(cookieHeader(PORT, 'value')).toBe('coffer-4711=value; Path=/; HttpOnly; SameSite=Strict')
})
