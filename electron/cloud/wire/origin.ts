/** Whom a connection leads to. */
export interface Origin {
  /** Over TLS. */
  secure: boolean
  /** A name or an address, without brackets. */
  host: string
  port: number
}

/** Where an outgoing request goes. */
export function originOf({
  protocol,
  hostname,
  port,
}: {
  protocol: string
  hostname: string
  port: number | undefined
}): Origin {
  const secure = protocol === 'https:'
  return { secure, host: hostname.replace(/^\[(.*)\]$/, '$1'), port: port ?? (secure ? 443 : 80) }
}

/** How an origin is written (RFC 6454, section 6.2). */
export function nameOf({ secure, host, port }: Origin): string {
  return `${secure ? 'https' : 'http'}://${host}:${port}`
}
