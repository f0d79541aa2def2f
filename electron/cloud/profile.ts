import { parseKnownFiles } from '@smithy/core/config'

/** What a profile says besides its credentials (AWS SDKs and Tools Reference Guide, "Shared config and credentials files"). */
export interface ProfileSettings {
  region: string | undefined
  endpoint: string | undefined
  caBundle: string | undefined
}

/** Reads `~/.aws/config` and `~/.aws/credentials`, or what AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE name. */
export async function profileSettings(profile: string): Promise<ProfileSettings> {
  const profiles = await parseKnownFiles({ profile })
  const found = profiles[profile]
  return { region: found?.['region'], endpoint: found?.['endpoint_url'], caBundle: found?.['ca_bundle'] }
}
