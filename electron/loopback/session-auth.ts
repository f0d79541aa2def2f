import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { secretIn } from '../api/contract/browser-session.ts'

/**
 * A browser that used a one-time token: its cookie, and the secret of the tab in which it did. Browsers send the cookie to
 * every port of 127.0.0.1, so another account's server may have it. The tab's secret is in `sessionStorage`, which only
 * pages of this very port can read.
 */
export interface Session {
  cookie: string
  secret: string
}

/** Who may use the window: the tab in which a one-time token was used, and nobody else. */
export interface SessionAuth {
  /** A new token, to be used once and within its time. The last one is void from now on. */
  issueToken(): string
  /** Takes a token back and opens a session for it; null for any other token, and for one that was used or is too old. */
  redeem(token: string): Session | null
  /** True if a request was made to this very address. */
  isAddressed(headers: IncomingHttpHeaders): boolean
  /** True if a request may have the window's files, which hold nothing of the person: it has a session's cookie. */
  mayLoad(headers: IncomingHttpHeaders): boolean
  /** True if a request may do something: it has a session's cookie and secret, and comes from the window's own page. */
  mayAct(headers: IncomingHttpHeaders): boolean
}

/** Milliseconds in which a token can be used. */
export const TOKEN_MS = 5 * 60_000

/**
 * The checks of a server on loopback that browsers reach: any page in the browser, and any program of any user on this
 * machine, can send it requests. The Host must be the address itself, or a name that an attacker points here (DNS rebinding)
 * would do; the cookie is SameSite=Strict and HttpOnly; whatever does anything must also name the page as its Origin and
 * carry the tab's secret.
 */
export function openSessionAuth(port: number, now: () => number = Date.now): SessionAuth {
  const host = `127.0.0.1:${port}`
  const origin = `http://${host}`
  const sessions: Session[] = []
  let token: { value: string; made: number } | null = null

  const isAddressed = (headers: IncomingHttpHeaders): boolean => headers.host === host
  const mayLoad = (headers: IncomingHttpHeaders): boolean => {
    const [given, ...more] = cookiesOf(headers, cookieName(port))
    if (given === undefined || more.length > 0 || !isAddressed(headers) || !isSameSite(headers)) return false
    return sessions.some(({ cookie }) => isSame(given, cookie))
  }
  return {
    issueToken() {
      token = { value: newSecret(), made: now() }
      return token.value
    },
    redeem(given) {
      if (token === null || now() - token.made > TOKEN_MS || !isSame(given, token.value)) return null
      token = null
      const session = { cookie: newSecret(), secret: newSecret() }
      sessions.push(session)
      return session
    },
    isAddressed,
    mayLoad,
    mayAct(headers) {
      const given = secretIn(headers)
      if (given === undefined || !mayLoad(headers) || headers.origin !== origin) return false
      // A tab that opens later replaces the cookie of all tabs of its browser, so any cookie goes with any secret.
      return sessions.some(({ secret }) => isSame(given, secret))
    },
  }
}

/** Cookies do not know ports: two windows of Coffer must not take each other's. */
export function cookieName(port: number): string {
  return `coffer-${port}`
}

/** `Set-Cookie` for a session that ends with the browser. */
export function cookieHeader(port: number, value: string): string {
  return `${cookieName(port)}=${value}; Path=/; HttpOnly; SameSite=Strict`
}

/** 256 bits that nobody guesses, safe in a URL, an attribute and a header. */
export function newSecret(): string {
  return randomBytes(32).toString('base64url')
}

/** In a time that tells nothing of either. */
export function isSame(one: string, other: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(one), digest(other))
}

function cookiesOf({ cookie = '' }: IncomingHttpHeaders, name: string): string[] {
  return cookie
    .split(';')
    .map((pair) => pair.trim().split('='))
    .filter(([key]) => key === name)
    .map(([, value = '']) => value)
}

/** Browsers say where a request was made (Fetch Metadata); what does not say it is no browser. */
function isSameSite(headers: IncomingHttpHeaders): boolean {
  const site = headers['sec-fetch-site']
  return site === undefined || site === 'same-origin' || site === 'none'
}
