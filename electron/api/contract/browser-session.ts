/* How a tab of a browser proves to the loopback server that it is the window's own. */

/** The item of `sessionStorage` that holds the tab's secret. Web Storage is per origin, port included; cookies are not. */
export const SESSION_ITEM = 'coffer-session'

/** The WebSocket subprotocol that the server answers with. A browser's socket sends no header but this list. */
export const SOCKET_PROTOCOL = 'coffer'

const SECRET_PROTOCOL = 'coffer.session.'

/** The subprotocols that a tab asks for: the one that is spoken, and one that carries its secret. */
export function socketProtocols(secret: string): string[] {
  return [SOCKET_PROTOCOL, SECRET_PROTOCOL + secret]
}

/** The header that carries the tab's secret with every request that does something. */
export function sessionHeaders(secret: string): { authorization: string } {
  return { authorization: `Bearer ${secret}` }
}

/** The secret in the headers of a request or of a WebSocket's handshake; undefined if there is not exactly one. */
export function secretIn(headers: {
  authorization?: string | undefined
  'sec-websocket-protocol'?: string | undefined
}): string | undefined {
  const bearer = /^Bearer (\S+)$/.exec(headers.authorization ?? '')?.[1]
  const asked = (headers['sec-websocket-protocol'] ?? '')
    .split(',')
    .map((protocol) => protocol.trim())
    .filter((protocol) => protocol.startsWith(SECRET_PROTOCOL))
    .map((protocol) => protocol.slice(SECRET_PROTOCOL.length))
  const [secret, ...more] = [...(bearer === undefined ? [] : [bearer]), ...asked]
  return more.length === 0 ? secret : undefined
}
