import { CofferError } from '../../base/errors.ts'

const HTTP = Buffer.from('HTTP/')
/** Of a record of TLS (RFC 8446, section 5.1): an alert or a handshake, then its version. */
const TLS_RECORD = /^[\x15\x16]\x03/

/** The failure of an answer that is not HTTP. */
export class NotHttp extends CofferError {}

/**
 * What is wrong with the first bytes of an answer; null for what is, or may become, HTTP. A server that speaks another
 * protocol may wait for an answer of its own, and would be waited for in vain.
 */
export function notHttp(first: Uint8Array): CofferError | null {
  const length = Math.min(first.length, HTTP.length)
  if (HTTP.subarray(0, length).equals(first.subarray(0, length))) return null
  if (TLS_RECORD.test(Buffer.from(first.subarray(0, 2)).toString('latin1'))) return speaksTls()
  return new NotHttp('NOT_S3', 'What answers at this address is not S3: it does not speak HTTP.')
}

/** The endpoint says http:// and the server speaks TLS. */
export function speaksTls(): CofferError {
  return new CofferError('TLS', 'The server speaks TLS at this port, and the endpoint says http://.', {
    hint: 'Use https:// for this endpoint.',
  })
}
