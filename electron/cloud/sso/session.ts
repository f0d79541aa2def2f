import { partition } from '@aws-sdk/core/client'
import { loadSsoSessionData, parseKnownFiles } from '@smithy/core/config'
import { CofferError } from '../../base/errors.ts'
import { readProfile, sourceChain } from '../aws-settings/profile.ts'
import { endpointFor } from '../aws-settings/settings.ts'
import type { AwsEnvironment } from '../../base/aws-variables.ts'

/** Where the people of a profile sign in (AWS SDKs and Tools Reference Guide, "IAM Identity Center credential provider"). */
export interface SsoSession {
  startUrl: string
  region: string
  /** What its token is kept under: the session's name or, of a profile that names none, the start URL. */
  tokenName: string
  /** Of a session that is named; without any, nothing refreshes the token. */
  scopes: string[]
  /** Of the service that signs in. */
  endpoint: string
}

const DEFAULT_SCOPE = 'sso:account:access'

/**
 * Reads the AWS configuration: the profile's own session, or that of the profile it takes credentials from (`source_profile`),
 * however far away. Throws INVALID_INPUT if there is no such profile, or it signs in nowhere.
 */
export async function ssoSession(profile: string): Promise<SsoSession> {
  const own = await readProfile(profile)
  const known = await parseKnownFiles({ profile, ignoreCache: true })
  const signsIn = sourceChain(known, profile).find(
    (name) => known[name]?.['sso_session'] !== undefined || known[name]?.['sso_start_url'] !== undefined,
  )
  const found = signsIn === undefined ? undefined : known[signsIn]
  const name = found?.['sso_session']
  const said = name === undefined ? found : (await loadSsoSessionData({}))[name]
  const [startUrl, region] = [said?.['sso_start_url'], said?.['sso_region']]
  if (startUrl === undefined || region === undefined) {
    throw new CofferError('INVALID_INPUT', `The AWS profile ${profile} does not sign in with IAM Identity Center.`, {
      hint: 'Give it, or its source_profile, an sso_session with sso_start_url and sso_region: aws configure sso.',
    })
  }
  const scopes = (said?.['sso_registration_scopes'] ?? DEFAULT_SCOPE).split(',').map((scope) => scope.trim())
  const lookup = { environment: process.env as AwsEnvironment, profile: own, sources: {} }
  const endpoint = endpointFor(lookup, 'sso_oidc') ?? `https://oidc.${region}.${partition(region).dnsSuffix}`
  return { endpoint, startUrl, region, tokenName: name ?? startUrl, scopes: name === undefined ? [] : scopes }
}
