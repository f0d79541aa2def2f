import { readFileSync } from 'node:fs'
import { createSecureContext, rootCertificates, type SecureContext } from 'node:tls'
import { CofferError } from '../base/errors.ts'

/**
 * A context that trusts the public authorities and those of a private PEM bundle (AWS_CA_BUNDLE if none is named, as in the
 * AWS CLI). All connections of a place share it: OpenSSL takes 7 ms to parse the authorities, and node:https makes the name
 * of each connection's pool out of a `ca` option's whole text. Undefined: the runtime's own. Throws FILE_NOT_FOUND,
 * INVALID_INPUT.
 */
export function trustedContext(bundle: string | undefined): SecureContext | undefined {
  const path = bundle ?? process.env.AWS_CA_BUNDLE
  if (path === undefined || path === '') return undefined
  const pem = readBundle(path)
  if (!pem.includes('-----BEGIN CERTIFICATE-----')) {
    throw new CofferError('INVALID_INPUT', `There is no PEM certificate in ${path}.`)
  }
  return contextOf(pem, path)
}

function contextOf(pem: string, path: string): SecureContext {
  try {
    return createSecureContext({ ca: [...rootCertificates, pem] })
  } catch (cause) {
    throw new CofferError('INVALID_INPUT', `The CA bundle ${path} holds a certificate that cannot be read.`, { cause })
  }
}

function readBundle(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw new CofferError('FILE_NOT_FOUND', `The CA bundle ${path} cannot be read.`, { cause })
  }
}
