import { readFileSync } from 'node:fs'
import * as tls from 'node:tls'
import { CofferError } from '../base/errors.ts'

/** Whom a place's connections trust beside the runtime's own authorities. */
export interface Trusted {
  /** A private PEM bundle's path; AWS_CA_BUNDLE if none is named, as in the AWS CLI. */
  bundle: string | undefined
  /** Whether the system's store counts: a company's or a NAS's own authority is usually in there, and nowhere else. */
  system: boolean
}

/**
 * A context that all connections of a place share: OpenSSL takes 7 ms to parse the authorities, and node:https makes the
 * name of each connection's pool out of a `ca` option's whole text. Undefined: the runtime's own authorities, among them
 * NODE_EXTRA_CA_CERTS, are enough. Throws FILE_NOT_FOUND, INVALID_INPUT.
 */
export function trustedContext({ bundle, system }: Trusted): tls.SecureContext | undefined {
  const path = bundle ?? process.env.AWS_CA_BUNDLE
  const own = path === undefined || path === '' ? null : { path, pem: readBundle(path) }
  if (own === null && !system) return undefined
  if (own !== null && !own.pem.includes('-----BEGIN CERTIFICATE-----')) {
    throw new CofferError('INVALID_INPUT', `There is no PEM certificate in ${own.path}.`)
  }
  const ca = new Set([...authorities('default'), ...(system ? authorities('system') : []), ...(own ? [own.pem] : [])])
  try {
    return tls.createSecureContext({ ca: [...ca] })
  } catch (cause) {
    if (own === null) throw cause
    throw new CofferError('INVALID_INPUT', `The CA bundle ${own.path} holds a certificate that cannot be read.`, {
      cause,
    })
  }
}

/** Node.js before 22.15 knows its built-in authorities only. */
function authorities(store: 'default' | 'system'): readonly string[] {
  const { getCACertificates } = tls as Partial<Pick<typeof tls, 'getCACertificates'>>
  if (getCACertificates !== undefined) return getCACertificates(store)
  return store === 'default' ? tls.rootCertificates : []
}

function readBundle(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw new CofferError('FILE_NOT_FOUND', `The CA bundle ${path} cannot be read.`, { cause })
  }
}
