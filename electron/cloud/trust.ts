import { readFileSync } from 'node:fs'
import { rootCertificates } from 'node:tls'
import { CofferError } from '../base/errors.ts'

/**
 * The public authorities and those of a private PEM bundle (AWS_CA_BUNDLE if none is named, as in the AWS CLI).
 * Undefined: the runtime's own. Throws FILE_NOT_FOUND, INVALID_INPUT.
 */
export function trustedAuthorities(bundle: string | undefined): string[] | undefined {
  const path = bundle ?? process.env.AWS_CA_BUNDLE
  if (path === undefined || path === '') return undefined
  const pem = readBundle(path)
  if (!pem.includes('-----BEGIN CERTIFICATE-----')) {
    throw new CofferError('INVALID_INPUT', `There is no PEM certificate in ${path}.`)
  }
  return [...rootCertificates, pem]
}

function readBundle(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw new CofferError('FILE_NOT_FOUND', `The CA bundle ${path} cannot be read.`, { cause })
  }
}
