import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'

/** Who may come in: whoever has used a one-time token, in the browser in which they used it. */
export interface Doors {
  /** A new token, to be used once and within its time. The last one is void from now on. */
  issue(): string
  /** Takes a token back and gives a cookie's value for it; null for any other, and for one that was used or is too old. */
  exchange(token: string): string | null
  /** True if a request was made to this very address. */
  isHere(headers: IncomingHttpHeaders): boolean
  /** True if a request was made to this very address, with the cookie, and by nobody else's page. */
  admits(headers: IncomingHttpHeaders): boolean
  /** The same, and sent by the window's own page: for everything that does something. */
  admitsFromPage(headers: IncomingHttpHeaders): boolean
}

/** Milliseconds in which a token can be used. */
export const TOKEN_MS = 5 * 60_000

/**
 * The checks of a server on loopback that browsers reach: any page in the browser, and any program of any user on this
 * machine, can send it requests. The Host must be the address itself, or a name that an attacker points here (DNS rebinding)
 * would do; the cookie is SameSite=Strict and HttpOnly; what changes anything must also name the page as its Origin.
 */
export function openDoors(port: number, now: () => number = Date.now): Doors {
  const host = `127.0.0.1:${port}`
  const origin = `http://${host}`
  const cookies: string[] = []
  let token: { value: string; made: number } | null = null

  const isHere = (headers: IncomingHttpHeaders): boolean => headers.host === host
  const hasCookie = (headers: IncomingHttpHeaders): boolean => {
    const [given, ...more] = cookiesOf(headers, cookieName(port))
    return given !== undefined && more.length === 0 && cookies.some((cookie) => isSame(given, cookie))
  }
  return {
    issue() {
      token = { value: secret(), made: now() }
      return token.value
    },
    exchange(given) {
      if (token === null || now() - token.made > TOKEN_MS || !isSame(given, token.value)) return null
      token = null
      const cookie = secret()
      cookies.push(cookie)
      return cookie
    },
    isHere,
    admits: (headers) => isHere(headers) && hasCookie(headers) && isSameSite(headers),
    admitsFromPage: (headers) =>
      isHere(headers) && hasCookie(headers) && isSameSite(headers) && headers.origin === origin,
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

/** 256 bits that nobody guesses, safe in a URL. */
export function secret(): string {
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
