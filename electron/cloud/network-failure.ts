import type { Description } from './answer.ts'
import { notHttp } from './wire/not-http.ts'

/** Failures before or instead of an answer: name, connection, TLS, time, credentials. Null if a service answered. */
export function describeNetworkFailure(error: unknown): Description {
  if (!(error instanceof Error)) return null
  if (answered(error)) return null
  return describeCredentials(error) ?? describeTls(error) ?? describeHttp(error) ?? describeConnection(error)
}

/** The SDK puts `$metadata` on network errors too, but a status only on answers, and on those that broke off. */
function answered(error: Error): boolean {
  const { $metadata } = error as { $metadata?: { httpStatusCode?: number } }
  const status = $metadata?.httpStatusCode
  return status !== undefined && (status >= 300 || CONNECTION[codeOf(error)] === undefined)
}

const CREDENTIAL_ERRORS = new Set(['CredentialsProviderError', 'TokenProviderError', 'ProviderError'])

function describeCredentials(error: Error): Description {
  if (!CREDENTIAL_ERRORS.has(error.name)) return null
  if (/expired|refresh/i.test(error.message)) {
    return { code: 'CREDENTIALS_EXPIRED', message: 'The sign-in of this AWS profile has expired.' }
  }
  return { code: 'CREDENTIALS_MISSING', message: `No AWS credentials were found: ${error.message}` }
}

const TLS_CODE = /^(?:CERT_|ERR_TLS|SELF_SIGNED|DEPTH_ZERO|UNABLE_TO_|HOSTNAME_MISMATCH|INVALID_CA)/

function describeTls(error: Error): Description {
  const code = codeOf(error)
  if (code === 'EPROTO' || code.startsWith('ERR_SSL')) return describeHandshake(error, code)
  if (!TLS_CODE.test(code)) return null
  const message =
    code === 'CERT_HAS_EXPIRED'
      ? "The server's certificate has expired."
      : code === 'ERR_TLS_CERT_ALTNAME_INVALID'
        ? "The server's certificate is for another name."
        : "The server's certificate is signed by nobody this computer trusts."
  return { code: 'TLS', message, facts: { tlsCode: code } }
}

/** OpenSSL's words for a first byte that no record of TLS has: the server answers in another protocol, mostly HTTP. */
const NO_TLS = /wrong[ _]version[ _]number|packet length too long|unexpected message|http request/i

function describeHandshake(error: Error, code: string): Description {
  const facts = { tlsCode: code }
  if (NO_TLS.test(`${code} ${error.message}`)) {
    const message = 'The server does not speak TLS at this port, and the endpoint says https://.'
    return { code: 'TLS', message, hint: 'Use http:// for this endpoint.', facts }
  }
  const [, reason = 'it gave no reason'] = /:SSL routines:[^:]*:([^:]+):/.exec(error.message) ?? []
  return {
    code: 'TLS',
    message: `The server refused the TLS handshake: ${reason}.`,
    hint: 'Ask whoever runs the server, or the proxy before it, which versions of TLS it takes.',
    facts,
  }
}

/** An answer that breaks the rules of HTTP: garbage, two lengths, a head without end. Codes: Node's parser (llhttp). */
function describeHttp(error: Error): Description {
  const code = codeOf(error)
  if (!code.startsWith('HPE_')) return null
  const { rawPacket } = error as { rawPacket?: Uint8Array }
  const wrong = code === 'HPE_INVALID_CONSTANT' && rawPacket !== undefined ? notHttp(rawPacket) : null
  if (wrong !== null) return { code: wrong.code, message: wrong.message, hint: wrong.hint }
  return {
    code: 'NOT_S3',
    message: `What answers at this address is not S3: its answer breaks the rules of HTTP (${code}).`,
    facts: { networkCode: code },
  }
}

const CONNECTION: Record<string, string> = {
  ECONNREFUSED: 'Nothing answers at this address: the connection was refused.',
  ENOTFOUND: 'The name of the server could not be found.',
  EAI_AGAIN: 'The name of the server could not be looked up: no network, or no name server.',
  ECONNRESET: 'The server closed the connection in the middle.',
  EPIPE: 'The server closed the connection in the middle.',
  ETIMEDOUT: 'The server did not answer in time.',
  ESOCKETTIMEDOUT: 'The server did not answer in time.',
  EHOSTUNREACH: 'There is no way to the server from here.',
  ENETUNREACH: 'There is no network from here.',
  ENETDOWN: 'The network is down.',
  EADDRNOTAVAIL: 'There is no network from here.',
  ECONNABORTED: 'The connection was cut off.',
  ETOOSLOW: 'The server sends too slowly: a few bytes a second.',
  ERR_STREAM_PREMATURE_CLOSE: 'The server closed the connection in the middle.',
}

function describeConnection(error: Error): Description {
  const code = codeOf(error)
  const known = CONNECTION[code]
  const { address, port } = error as { address?: string; port?: number }
  const facts = {
    ...(code === '' ? {} : { networkCode: code }),
    ...(address === undefined ? {} : { address: `${address}:${port ?? ''}` }),
  }
  if (known !== undefined) return { code: 'NETWORK', message: known, facts }
  if (error.name === 'TimeoutError') return { code: 'NETWORK', message: 'The server did not answer in time.', facts }
  if (/socket hang up|aborted/.test(error.message)) {
    return { code: 'NETWORK', message: 'The server closed the connection in the middle.', facts }
  }
  return null
}

/** Node's code, also of the first attempt where several addresses were tried at once. */
function codeOf(error: Error): string {
  const own = (error as { code?: unknown }).code
  if (typeof own === 'string') return own
  if (error instanceof AggregateError && error.errors[0] instanceof Error) return codeOf(error.errors[0])
  return ''
}
