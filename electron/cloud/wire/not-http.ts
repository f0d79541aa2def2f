import { CofferError } from '../../base/errors.ts'

const HTTP = Buffer.from('HTTP/')
/** The first byte of a TLS record that a server may begin with (RFC 8446, section 5.1): an alert or a handshake. */
const TLS_RECORDS = [0x15, 0x16]
/** The byte after it: the major version of every TLS. */
const TLS_MAJOR = 3

/** The failure of an answer that is not HTTP. */
export class NotHttp extends CofferError {}

/**
 * What is wrong with the first bytes of an answer; null for what is, or may become, HTTP. A server that speaks another
 * protocol may wait for an answer of its own, and would be waited for in vain.
 */
export function notHttp(first: Uint8Array): CofferError | null {
  const length = Math.min(first.length, HTTP.length)
  if (HTTP.subarray(0, length).equals(first.subarray(0, length))) return null
  const [record = 0, major = 0] = first
  if (TLS_RECORDS.includes(record) && major === TLS_MAJOR) return speaksTls()
  return new NotHttp('NOT_S3', 'What answers at this address is not S3: it does not speak HTTP.')
}

/** The endpoint says http:// and the server speaks TLS. */
export function speaksTls(): CofferError {
  return new CofferError('TLS', 'The server speaks TLS at this port, and the endpoint says http://.', {
    hint: 'Use https:// for this endpoint.',
  })
}
