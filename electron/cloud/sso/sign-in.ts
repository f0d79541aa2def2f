import { setTimeout as wait } from 'node:timers/promises'
import { CofferError } from '../../base/errors.ts'
import { throwIfAborted } from '../send.ts'
import { openOidc, type Device, type Oidc, type Registration, type Token } from './oidc.ts'
import { ssoSession } from './session.ts'
import { keepToken } from './token-cache.ts'

export type SignInStep =
  /** The person is to open `url` and to see that it shows `code`. */
  { kind: 'confirm'; url: string; code: string; expiresAt: Date } | { kind: 'done' }

/** How much longer to wait each time the service asks for it, in seconds (RFC 8628, 3.5). */
const SLOWER = 5

/**
 * Signs in to IAM Identity Center as a profile says, in the person's browser (RFC 8628), and keeps the token where AWS's
 * tools do. Throws INVALID_INPUT if the profile signs in nowhere, CREDENTIALS_EXPIRED if the person refuses or lets it run
 * out, LOCAL_IO if the token cannot be kept, and what the service's calls throw.
 */
export async function* signIn(profile: string, signal: AbortSignal): AsyncGenerator<SignInStep, void, void> {
  const session = await ssoSession(profile)
  const oidc = openOidc(session.endpoint, signal)
  const client = await oidc.register(session.scopes)
  const device = await oidc.begin(client, session.startUrl)
  const expiresAt = new Date(Date.now() + device.expiresIn * 1_000)
  yield { kind: 'confirm', url: webAddress(device.verificationUriComplete), code: device.userCode, expiresAt }
  const token = await confirmed(oidc, client, device, signal)
  await keepToken(session, client, token, new Date()).catch((cause: unknown) => {
    throw new CofferError('LOCAL_IO', 'The sign-in could not be kept in ~/.aws/sso/cache.', { cause })
  })
  yield { kind: 'done' }
}

/** What a browser is sent to is a page, and nothing else that an address can be. */
function webAddress(address: string): string {
  const { protocol, href } = new URL(address)
  if (protocol === 'https:' || protocol === 'http:') return href
  throw new CofferError('SERVER', 'The sign-in service named no web page to sign in on.')
}

async function confirmed(oidc: Oidc, client: Registration, device: Device, signal: AbortSignal): Promise<Token> {
  let seconds = device.interval
  for (;;) {
    await wait(seconds * 1_000, undefined, { signal }).catch(() => throwIfAborted(signal))
    const answer = await oidc.token(client, device.deviceCode)
    if (typeof answer !== 'string') return answer
    if (answer === 'slow_down') seconds += SLOWER
  }
}
