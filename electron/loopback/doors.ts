import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'

/** Who may come in: whoever has used the one-time token, in the browser in which they used it. */
export interface Doors {
  /** To be used once, within its time. */
  token: string
  /** Takes the token back and gives the cookie's value for it; null for any other, and for one that was used or is too old. */
  exchange(token: string): string | null
  /** True if a request comes from this very address, and with the cookie. */
  admits(headers: IncomingHttpHeaders): boolean
  /** The same, and sent by the window's own page: for everything that does something. */
  admitsFromPage(headers: IncomingHttpHeaders): boolean
}

const TOKEN_MS = 5 * 60_000

/**
 * The checks of a server on loopback that browsers reach: any page in the browser, and any program of any user on this
 * machine, can send it requests. The Host must be the address itself, or a name that an attacker points here (DNS rebinding)
 * would do; the cookie is SameSite=Strict and HttpOnly; what changes anything must also name the page as its Origin.
 */
export function openDoors(port: number, now: () => number = Date.now): Doors {
  const host = `127.0.0.1:${port}`
  const origin = `http://${host}`
  const token = secret()
  const cookie = secret()
  const made = now()
  let used = false

  const isHere = (headers: IncomingHttpHeaders): boolean => headers.host === host
  const hasCookie = (headers: IncomingHttpHeaders): boolean => {
    const values = cookiesOf(headers, cookieName(port))
    return values.length === 1 && same(values[0] ?? '', cookie)
  }
  return {
    token,
    exchange(given) {
      if (used || now() - made > TOKEN_MS || !same(given, token)) return null
      used = true
      return cookie
    },
    admits: (headers) => isHere(headers) && hasCookie(headers) && isSameSite(headers),
    admitsFromPage: (headers) => isHere(headers) && hasCookie(headers) && headers.origin === origin,
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

function secret(): string {
  return randomBytes(32).toString('base64url')
}

/** In a time that tells nothing of either. */
function same(one: string, other: string): boolean {
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
