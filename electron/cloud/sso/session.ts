import { loadSsoSessionData, parseKnownFiles } from '@smithy/core/config'
import { CofferError } from '../../base/errors.ts'

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

/** Reads the AWS configuration. Throws INVALID_INPUT if there is no such profile, or it signs in nowhere. */
export async function ssoSession(profile: string): Promise<SsoSession> {
  const known = await parseKnownFiles({ profile })
  const found = known[profile]
  if (found === undefined) throw new CofferError('INVALID_INPUT', `There is no AWS profile ${profile}.`)
  const name = found['sso_session']
  const said = name === undefined ? found : (await loadSsoSessionData({}))[name]
  const [startUrl, region] = [said?.['sso_start_url'], said?.['sso_region']]
  if (startUrl === undefined || region === undefined) {
    throw new CofferError('INVALID_INPUT', `The AWS profile ${profile} does not sign in with IAM Identity Center.`, {
      hint: 'Give it an sso_session with sso_start_url and sso_region: aws configure sso.',
    })
  }
  const scopes = (said?.['sso_registration_scopes'] ?? DEFAULT_SCOPE).split(',').map((scope) => scope.trim())
  const services = known[`services.${found['services'] ?? ''}`]
  const endpoint =
    process.env['AWS_ENDPOINT_URL_SSO_OIDC'] ??
    services?.['sso_oidc.endpoint_url'] ??
    `https://oidc.${region}.amazonaws.com`
  return { endpoint, startUrl, region, tokenName: name ?? startUrl, scopes: name === undefined ? [] : scopes }
}
