import type { Description } from './answer.ts'

/** Failures before or instead of an answer: name, connection, TLS, time, credentials. Null if a service answered. */
export function describeNetworkFailure(error: unknown): Description {
  if (!(error instanceof Error)) return null
  if (answered(error)) return null
  return describeCredentials(error) ?? describeTls(error) ?? describeConnection(error)
}

/** The SDK puts `$metadata` on network errors too, but a status only on answers. */
function answered(error: Error): boolean {
  const { $metadata } = error as { $metadata?: { httpStatusCode?: number } }
  return $metadata?.httpStatusCode !== undefined
}

const CREDENTIAL_ERRORS = new Set(['CredentialsProviderError', 'TokenProviderError', 'ProviderError'])

function describeCredentials(error: Error): Description {
  if (!CREDENTIAL_ERRORS.has(error.name)) return null
  if (/expired|refresh/i.test(error.message)) {
    return { code: 'CREDENTIALS_EXPIRED', message: 'The sign-in of this AWS profile has expired.' }
  }
  return { code: 'CREDENTIALS_MISSING', message: `No AWS credentials were found: ${error.message}` }
}

const TLS_CODE = /^(?:CERT_|ERR_TLS|ERR_SSL|SELF_SIGNED|DEPTH_ZERO|UNABLE_TO_|HOSTNAME_MISMATCH|INVALID_CA|EPROTO)/

function describeTls(error: Error): Description {
  const code = codeOf(error)
  if (code === 'EPROTO' || code.startsWith('ERR_SSL')) {
    return {
      code: 'TLS',
      message: 'The server did not speak TLS.',
      hint: 'Check the endpoint: https:// where http:// is meant, or a wrong port.',
      facts: { tlsCode: code },
    }
  }
  if (!TLS_CODE.test(code)) return null
  const message =
    code === 'CERT_HAS_EXPIRED'
      ? "The server's certificate has expired."
      : code === 'ERR_TLS_CERT_ALTNAME_INVALID'
        ? "The server's certificate is for another name."
        : "The server's certificate is signed by nobody this computer trusts."
  return { code: 'TLS', message, facts: { tlsCode: code } }
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
