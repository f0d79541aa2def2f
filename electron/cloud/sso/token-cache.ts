import { dirname } from 'node:path'
import { getSSOTokenFilepath } from '@smithy/core/config'
import { makeFolder } from '../../base/make-folder.ts'
import { writePrivate } from '../../store/private-file.ts'
import type { Registration, Token } from './oidc.ts'
import type { SsoSession } from './session.ts'

/**
 * Keeps a token where the AWS CLI and every SDK look for it, in their form, for its owner alone: whoever signs in here is
 * signed in there, and Coffer keeps nothing of its own.
 */
export async function keepToken(session: SsoSession, client: Registration, token: Token, now: Date): Promise<void> {
  const path = getSSOTokenFilepath(session.tokenName)
  const kept = {
    startUrl: session.startUrl,
    region: session.region,
    accessToken: token.accessToken,
    expiresAt: inSeconds(new Date(now.getTime() + token.expiresIn * 1_000)),
    clientId: client.clientId,
    clientSecret: client.clientSecret,
    registrationExpiresAt: inSeconds(new Date(client.clientSecretExpiresAt * 1_000)),
    ...(token.refreshToken === undefined ? {} : { refreshToken: token.refreshToken }),
  }
  await makeFolder(dirname(path), 0o700)
  await writePrivate(path, Buffer.from(JSON.stringify(kept, null, 2)))
}

/** `2026-11-29T18:00:00Z`: the AWS CLI reads no fractions. */
const inSeconds = (date: Date): string => date.toISOString().replace(/\.\d+Z$/, 'Z')
