import { isIP } from 'node:net'
import { CofferError } from '../base/errors.ts'
import { isLoopback } from './loopback.ts'

/** `https://s3.example.com:9000`, as a person types or pastes it. */
const SCHEME = /^([a-z][a-z0-9+.-]*):\/\//i

/** An address whose scheme is left out or misspelt: `s3.example.com`, `localhost:9000/x`, `https:/host`, `http//host`. */
const ALMOST = /^(?:(https?)(?::\/|\/\/|:)(?!\/))?(\[[0-9a-f:.]+\]|[\p{L}\d._-]+)(:\d+)?(?:\/.*)?$/iu

/** Amazon's address of one bucket (Amazon S3 User Guide, "Virtual hosting of buckets"). */
const AMAZON_BUCKET = /^(.+)\.(s3[.-](?!accesspoint|object-lambda|control)(?:[a-z0-9-]+\.)*amazonaws\.com(?:\.cn)?)$/

/**
 * A server's address in its one form: scheme, host, port if it is not the scheme's own, path without a slash at its end.
 * Throws INVALID_INPUT, with the address that may be meant, for one without http:// or https://, one that names a user, a
 * query or a fragment, and for Amazon's address of a single bucket.
 */
export function endpointOf(given: string): string {
  const text = given.trim()
  const [, scheme = ''] = SCHEME.exec(text) ?? []
  if (scheme === '') throw withoutScheme(text)
  if (!/^https?$/i.test(scheme) || !URL.canParse(text)) {
    const hint = /^s3$/i.test(scheme)
      ? 'The bucket goes to the command. The endpoint is the address of the server: https://s3.example.com'
      : 'Give the address of the server as its provider names it: https://s3.example.com'
    throw new CofferError('INVALID_INPUT', `This is no address of a server that speaks S3: ${shown(text)}.`, { hint })
  }
  const url = new URL(text)
  refuseMore(url)
  const { host, server } = bucketIn(url)
  if (server !== undefined) {
    throw new CofferError('INVALID_INPUT', `The endpoint ${url.origin} names a bucket: ${host}.`, {
      hint: `Give the server's address alone: ${url.protocol}//${server}. The bucket goes to the command: s3://${host}/`,
    })
  }
  return url.origin + url.pathname.replace(/\/+$/, '')
}

function withoutScheme(text: string): CofferError {
  const [, wrong, host = '', port = ''] = ALMOST.exec(text) ?? []
  if (host === '') {
    return new CofferError('INVALID_INPUT', `This is no address of a server: ${shown(text)}.`, {
      hint: 'An endpoint looks like https://s3.example.com or http://127.0.0.1:9000.',
    })
  }
  const scheme = wrong?.toLowerCase() ?? (isNear(host) ? 'http' : 'https')
  return new CofferError('INVALID_INPUT', `The endpoint ${host}${port} says neither https:// nor http://.`, {
    hint: `Say which: ${scheme}://${host}${port}`,
  })
}

/** A server on this computer or in this network, where TLS is seldom. */
function isNear(host: string): boolean {
  const bare = host.replace(/^\[(.*)\]$/, '$1')
  return isLoopback(bare) || isIP(bare) !== 0 || !bare.includes('.')
}

/** An address is written down and shown, and nobody signs with what stands in it. */
function refuseMore({ username, password, search, hash }: URL): void {
  if (username !== '' || password !== '') {
    throw new CofferError('INVALID_INPUT', 'An endpoint may not hold a user name or a password.', {
      hint: 'Give the address alone, and the keys by a profile, the AWS variables, or coffer place add.',
    })
  }
  if (search === '' && hash === '') return
  throw new CofferError('INVALID_INPUT', 'An endpoint ends before the first ? and #.', {
    hint: 'Give the address of the server, not a link to one of its objects or pages.',
  })
}

function bucketIn({ hostname }: URL): { host: string; server?: string } {
  const [, host = '', server] = AMAZON_BUCKET.exec(hostname) ?? []
  return server === undefined || /^(?:bucket\.|accesspoint\.|vpce-)/.test(hostname) || /\bvpce-/.test(host)
    ? { host }
    : { host, server }
}

/** Without what may be a password. */
function shown(text: string): string {
  return text.replace(/[^/]*@/, '…@')
}
