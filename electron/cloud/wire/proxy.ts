import { Agent as HttpAgent, type AgentOptions } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import type { SecureContext } from 'node:tls'
import { CofferError } from '../../base/errors.ts'
import { isLoopback } from '../loopback.ts'
import type { Origin } from './origin.ts'

/** Which requests go by a proxy. */
export interface Proxies {
  /** The agent whose connections lead through the proxy for this origin; undefined: there is none. */
  agentFor(origin: Origin): { agent: HttpAgent; proxy: string } | undefined
  close(): void
}

type Environment = Partial<Record<string, string>>

/**
 * Proxies as HTTPS_PROXY, HTTP_PROXY and NO_PROXY say (lower case goes first, as in the AWS CLI), or `named` for every request,
 * '' for none. This machine's own addresses are never asked for through a proxy: there, they are another machine's. Throws
 * INVALID_INPUT for what is no address of an HTTP proxy.
 */
export function openProxies(
  named: string | undefined,
  env: Environment,
  options: AgentOptions & { secureContext?: SecureContext | undefined },
): Proxies {
  const agents = new Map<string, HttpAgent>()
  const { secureContext, ...pool } = options
  const bypassed = named === undefined ? bypassOf(env['no_proxy'] ?? env['NO_PROXY'] ?? '') : () => false
  const proxyOf = (secure: boolean): string =>
    named ?? (secure ? (env['https_proxy'] ?? env['HTTPS_PROXY']) : (env['http_proxy'] ?? env['HTTP_PROXY'])) ?? ''
  if (named !== undefined && named !== '') requireNoPassword(named)

  return {
    agentFor(origin) {
      const given = proxyOf(origin.secure).trim()
      if (given === '' || isLoopback(origin.host) || bypassed(origin)) return undefined
      const proxy = addressOf(given)
      const key = `${origin.secure} ${proxy.href}`
      const proxyEnv = { HTTPS_PROXY: proxy.href, HTTP_PROXY: proxy.href }
      const agent =
        agents.get(key) ??
        (origin.secure
          ? new HttpsAgent({ ...pool, proxyEnv, ...(secureContext === undefined ? {} : { secureContext }) })
          : new HttpAgent({ ...pool, proxyEnv }))
      agents.set(key, agent)
      return { agent, proxy: proxy.host }
    },
    close() {
      for (const agent of agents.values()) agent.destroy()
    },
  }
}

/** `proxy.example.com:3128`, with http:// or without. */
function addressOf(given: string): URL {
  const text = given.includes('://') ? given : `http://${given}`
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return new URL(text)
  throw new CofferError('INVALID_INPUT', `This is no address of an HTTP proxy: ${given.replace(/[^/]*@/, '…@')}.`, {
    hint: 'A proxy looks like http://proxy.example.com:3128. SOCKS proxies are not supported.',
  })
}

/** What is said by an option is seen by others on this computer, and stored with a place. */
function requireNoPassword(named: string): void {
  const { username, password } = addressOf(named)
  if (username === '' && password === '') return
  throw new CofferError('INVALID_INPUT', 'The address of a proxy may not hold a user name or a password here.', {
    hint: 'Give them by the variable HTTPS_PROXY.',
  })
}

/** `example.com` and `.example.com` are that name and all below it; a port may follow; `*` is everything. */
function bypassOf(list: string): (origin: Origin) => boolean {
  const entries = list
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((entry) => entry !== '')
  return ({ host, port }) =>
    entries.some((entry) => {
      if (entry === '*') return true
      const [, name = '', only] = /^(?:\*?\.)?(.*?)(?::(\d+))?$/.exec(entry) ?? []
      if (only !== undefined && Number(only) !== port) return false
      const asked = host.toLowerCase()
      return asked === name || asked.endsWith(`.${name}`)
    })
}

/** The proxy's own refusal, in place of the server's answer. */
export function refusedByProxy(proxy: string, status: number): CofferError {
  const message =
    status === 407
      ? `The proxy ${proxy} asks for a user name and a password.`
      : `The proxy ${proxy} refused to connect to the server (status ${status}).`
  const hint =
    status === 407
      ? 'Put them into HTTPS_PROXY (and HTTP_PROXY): http://USER:PASSWORD@HOST:PORT.'
      : 'Ask whoever runs the proxy to let the server through, or leave the server out of it: NO_PROXY, or --proxy none.'
  return new CofferError('NETWORK', message, { hint, facts: { proxy } })
}

/** What went wrong on the way to, or at, a proxy; any other failure is returned as it is. */
export function throughProxy(proxy: string, error: Error): Error {
  const { code, statusCode } = error as { code?: string; statusCode?: number }
  if (code === 'ERR_PROXY_TUNNEL' && statusCode !== undefined) return refusedByProxy(proxy, statusCode)
  if (!['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'ERR_PROXY_TUNNEL'].includes(code ?? '')) return error
  return new CofferError('NETWORK', `The proxy ${proxy} cannot be reached.`, {
    hint: 'Check HTTPS_PROXY, HTTP_PROXY and NO_PROXY, or the proxy of this place.',
    facts: { proxy },
    cause: error,
  })
}
