import { isAmazon } from './behaviour.ts'
import type { Connection, CredentialSource } from './connection.ts'
import { endpointOf } from './endpoint.ts'
import { profileSettings } from './profile.ts'

/** What a person says of a server; all else follows from it. */
export interface ConnectionChoice {
  endpoint?: string | undefined
  kmsEndpoint?: string | undefined
  region?: string | undefined
  profile?: string | undefined
  caBundle?: string | undefined
  /** The person pays for what is read from a Requester Pays bucket. */
  requestPayer?: 'requester' | undefined
  /** A stored place by id or name, '' for the default one, on top of which only `requestPayer` is said. */
  place?: string | undefined
}

/** Where requests go that name no region; S3 then tells the bucket's own. */
const DEFAULT_REGION = 'us-east-1'

/**
 * Fills in the rest as the AWS CLI does: what is said goes first, then the profile's own settings, then the defaults.
 * Amazon's own names take every checksum and virtual hosts; other servers take neither for granted. Throws INVALID_INPUT for
 * what is no address of a server.
 */
export async function connectionOf(choice: ConnectionChoice, credentials?: CredentialSource): Promise<Connection> {
  const profile = await profileSettings(choice.profile ?? process.env['AWS_PROFILE'] ?? 'default')
  const [endpoint, kmsEndpoint, profileEndpoint] = [
    choice.endpoint ?? profile.endpoint,
    choice.kmsEndpoint,
    profile.endpoint,
  ].map((text) => (text === undefined ? undefined : endpointOf(text)))
  const foreign = endpoint !== undefined && !isAmazon(endpoint)
  return {
    endpoint,
    kmsEndpoint: kmsEndpoint ?? (choice.endpoint === undefined ? profileEndpoint : undefined),
    region: choice.region ?? profile.region ?? DEFAULT_REGION,
    pathStyle: foreign,
    caBundle: choice.caBundle ?? profile.caBundle,
    checksums: foreign ? 'when-required' : 'when-supported',
    credentials: credentials ?? credentialsChosen(choice),
    requestPayer: choice.requestPayer,
  }
}

function credentialsChosen({ profile }: ConnectionChoice): CredentialSource {
  return profile === undefined ? { kind: 'default' } : { kind: 'profile', profile }
}
