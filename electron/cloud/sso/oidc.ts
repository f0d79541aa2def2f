import * as z from 'zod'
import { CofferError } from '../../base/errors.ts'
import { notS3 } from '../failures/not-s3.ts'
import { describeNetworkFailure } from '../network-failure.ts'
import { throwIfAborted } from '../send.ts'

const registration = z.object({ clientId: z.string(), clientSecret: z.string(), clientSecretExpiresAt: z.number() })
const device = z.object({
  deviceCode: z.string(),
  userCode: z.string(),
  verificationUri: z.url(),
  verificationUriComplete: z.url(),
  /** Both in seconds. */
  expiresIn: z.number(),
  interval: z.number().default(5),
})
const token = z.object({ accessToken: z.string(), expiresIn: z.number(), refreshToken: z.string().optional() })
const refusal = z.object({ error: z.string() })

export type Registration = z.infer<typeof registration>
export type Device = z.infer<typeof device>
export type Token = z.infer<typeof token>

/** What the person has not done yet, or has to be asked less often. */
export type NotYet = 'authorization_pending' | 'slow_down'

/**
 * The part of IAM Identity Center's OIDC service that signs a device in (IAM Identity Center OIDC API Reference). Its
 * requests are signed by nobody; that is what the person's browser is for. Its calls throw CREDENTIALS_EXPIRED if the
 * person refused or let it run out, NETWORK, TLS, NOT_S3, SERVER and CANCELLED.
 */
export interface Oidc {
  register(scopes: string[]): Promise<Registration>
  begin(client: Registration, startUrl: string): Promise<Device>
  /** The token, once the person has confirmed it. */
  token(client: Registration, deviceCode: string): Promise<Token | NotYet>
}

export function openOidc(endpoint: string, signal: AbortSignal): Oidc {
  const ask = (path: string, body: object): Promise<Answer> =>
    post(`${endpoint.replace(/\/$/, '')}${path}`, body, signal)
  return {
    async register(scopes) {
      const more = scopes.length === 0 ? {} : { scopes }
      return read(registration, await ask('/client/register', { clientName: 'Coffer', clientType: 'public', ...more }))
    },
    async begin({ clientId, clientSecret }, startUrl) {
      return read(device, await ask('/device_authorization', { clientId, clientSecret, startUrl }))
    },
    async token({ clientId, clientSecret }, deviceCode) {
      const grantType = 'urn:ietf:params:oauth:grant-type:device_code'
      const answer = await ask('/token', { clientId, clientSecret, grantType, deviceCode })
      const { error } = refusal.safeParse(fromJson(answer.text)).data ?? {}
      return error === 'authorization_pending' || error === 'slow_down' ? error : read(token, answer)
    },
  }
}

interface Answer {
  ok: boolean
  status: number
  text: string
}

/** Milliseconds that one of these short answers may take, however it trickles. */
const PATIENCE = 30_000

async function post(url: string, body: object, signal: AbortSignal): Promise<Answer> {
  try {
    const headers = { 'content-type': 'application/json' }
    const ends = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE)])
    const request = { method: 'POST', headers, body: JSON.stringify(body), redirect: 'error', signal: ends } as const
    const answer = await fetch(url, request)
    return { ok: answer.ok, status: answer.status, text: await answer.text() }
  } catch (error) {
    throwIfAborted(signal)
    const told = describeNetworkFailure(error instanceof Error ? (error.cause ?? error) : error)
    throw new CofferError(told?.code ?? 'NETWORK', told?.message ?? 'The sign-in service could not be reached.')
  }
}

/** Undefined for what is no JSON. */
function fromJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}

/** What the service says in words is not passed on: it may quote what it was sent. */
function read<T>(schema: z.ZodType<T>, { ok, status, text }: Answer): T {
  const body = fromJson(text)
  if (body === undefined && status < 500) throw notS3('STS', status, text)
  const given = ok ? schema.safeParse(body).data : undefined
  if (given !== undefined) return given
  const { error } = refusal.safeParse(body).data ?? {}
  if (error === 'access_denied') throw new CofferError('CREDENTIALS_EXPIRED', 'The sign-in was refused in the browser.')
  if (error === 'expired_token') throw new CofferError('CREDENTIALS_EXPIRED', 'The sign-in was not confirmed in time.')
  throw new CofferError('SERVER', `The sign-in service answered with ${error ?? 'something else than was asked'}.`)
}
