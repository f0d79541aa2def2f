import { describe, expect, it } from 'vitest'
import { cookieHeader, cookieName, openDoors, TOKEN_MS } from '../../../electron/loopback/doors.ts'

const PORT = 4711
const HOST = `127.0.0.1:${PORT}`

function entered(): { doors: ReturnType<typeof openDoors>; cookie: string } {
  const doors = openDoors(PORT)
  const value = doors.exchange(doors.issue())
  if (value === null) throw new Error('not let in')
  return { doors, cookie: `${cookieName(PORT)}=${value}` }
}

describe('the token', () => {
  it('is taken once', () => {
    const doors = openDoors(PORT)
    const token = doors.issue()
    expect(doors.exchange(token)).toMatch(/^[\w-]{43}$/)
    expect(doors.exchange(token)).toBeNull()
  })

  it('is taken within its time', () => {
    let now = 1_000_000
    const doors = openDoors(PORT, () => now)
    const early = doors.issue()
    now += TOKEN_MS
    expect(doors.exchange(early)).not.toBeNull()
    const late = doors.issue()
    now += TOKEN_MS + 1
    expect(doors.exchange(late)).toBeNull()
  })

  it('is void when a new one was issued', () => {
    const doors = openDoors(PORT)
    const first = doors.issue()
    const second = doors.issue()
    expect(doors.exchange(first)).toBeNull()
    expect(doors.exchange(second)).not.toBeNull()
  })

  it.each(['', 'x', 'a'.repeat(43)])('is not guessed: %j', (guess) => {
    const doors = openDoors(PORT)
    expect(doors.exchange(guess)).toBeNull()
    doors.issue()
    expect(doors.exchange(guess)).toBeNull()
  })

  it('gives each browser a cookie of its own, and the earlier ones stay', () => {
    const doors = openDoors(PORT)
    const cookies = [doors.exchange(doors.issue()), doors.exchange(doors.issue())]
    expect(new Set(cookies).size).toBe(2)
    for (const value of cookies) {
      expect(doors.admits({ host: HOST, cookie: `${cookieName(PORT)}=${value ?? ''}` })).toBe(true)
    }
  })
})

describe('a request', () => {
  it('comes in with the cookie, to this very address', () => {
    const { doors, cookie } = entered()
    expect(doors.admits({ host: HOST, cookie })).toBe(true)
    expect(doors.admits({ host: HOST, cookie: `other=1; ${cookie}; more=2` })).toBe(true)
    expect(doors.admits({ host: HOST, cookie, 'sec-fetch-site': 'same-origin' })).toBe(true)
    expect(doors.admits({ host: HOST, cookie, 'sec-fetch-site': 'none' })).toBe(true)
  })

  it.each([
    ['without a cookie', { host: HOST }],
    ['with an empty cookie', { host: HOST, cookie: `${cookieName(PORT)}=` }],
    ['with a guessed cookie', { host: HOST, cookie: `${cookieName(PORT)}=${'a'.repeat(43)}` }],
  ])('is refused %s', (_, headers) => {
    expect(entered().doors.admits(headers)).toBe(false)
  })

  it.each([
    ['to another name, as by DNS rebinding', { host: `attacker.example:${PORT}` }],
    ['to localhost, which others may answer for', { host: `localhost:${PORT}` }],
    ['to another port', { host: '127.0.0.1:80' }],
    ['without a host', { host: undefined }],
    ['that another site made', { 'sec-fetch-site': 'cross-site' }],
    ['that another port of this machine made', { 'sec-fetch-site': 'same-site' }],
  ])('is refused %s', (_, headers) => {
    const { doors, cookie } = entered()
    expect(doors.admits({ host: HOST, cookie, ...headers })).toBe(false)
    expect(doors.admitsFromPage({ host: HOST, cookie, origin: `http://${HOST}`, ...headers })).toBe(false)
  })

  it('is refused with the cookie of another window, or with two of one name', () => {
    const { doors, cookie } = entered()
    const other = entered().cookie
    expect(doors.admits({ host: HOST, cookie: other })).toBe(false)
    expect(doors.admits({ host: HOST, cookie: `${other}; ${cookie}` })).toBe(false)
  })

  it.each([
    undefined,
    'null',
    'http://attacker.example',
    `http://localhost:${PORT}`,
    `https://${HOST}`,
    'http://127.0.0.1',
  ])('that does something is refused from the page %s', (origin) => {
    const { doors, cookie } = entered()
    expect(doors.admitsFromPage({ host: HOST, cookie, origin })).toBe(false)
  })

  it('that does something comes from the window itself', () => {
    const { doors, cookie } = entered()
    expect(doors.admitsFromPage({ host: HOST, cookie, origin: `http://${HOST}` })).toBe(true)
    expect(doors.admitsFromPage({ host: HOST, origin: `http://${HOST}` })).toBe(false)
  })
})

it('the cookie is for nobody else: no script, no other site', () => {
  expect(cookieHeader(PORT, 'value')).toBe('coffer-4711=value; Path=/; HttpOnly; SameSite=Strict')
})
