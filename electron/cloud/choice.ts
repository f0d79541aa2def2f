import { CofferError } from '../base/errors.ts'
import { isAmazon } from './behaviour.ts'
import type { Connection, CredentialSource } from './connection.ts'
import { profileSettings } from './profile.ts'

/** What a person says of a server; all else follows from it. */
export interface ConnectionChoice {
  endpoint?: string | undefined
  kmsEndpoint?: string | undefined
  region?: string | undefined
  profile?: string | undefined
  caBundle?: string | undefined
}

/** Where requests go that name no region; S3 then tells the bucket's own. */
const DEFAULT_REGION = 'us-east-1'

/**
 * Fills in the rest as the AWS CLI does: what is said goes first, then the profile's own settings, then the defaults.
 * Amazon's own names take every checksum and virtual hosts; other servers take neither for granted.
 */
export async function connectionOf(choice: ConnectionChoice, credentials?: CredentialSource): Promise<Connection> {
  const profile = await profileSettings(choice.profile ?? process.env['AWS_PROFILE'] ?? 'default')
  const endpoint = choice.endpoint ?? profile.endpoint
  for (const url of [endpoint, choice.kmsEndpoint]) refuseCredentials(url)
  const foreign = endpoint !== undefined && !isAmazon(endpoint)
  return {
    endpoint,
    kmsEndpoint: choice.kmsEndpoint ?? (choice.endpoint === undefined ? profile.endpoint : undefined),
    region: choice.region ?? profile.region ?? DEFAULT_REGION,
    pathStyle: foreign,
    caBundle: choice.caBundle ?? profile.caBundle,
    checksums: foreign ? 'when-required' : 'when-supported',
    credentials: credentials ?? credentialsChosen(choice),
  }
}

/** An address is written down and shown; and nobody signs with what stands in it. */
function refuseCredentials(url: string | undefined): void {
  if (url === undefined || !URL.canParse(url)) return
  const { username, password } = new URL(url)
  if (username === '' && password === '') return
  throw new CofferError('INVALID_INPUT', 'An endpoint may not hold a user name or a password.', {
    hint: 'Give the address alone, and the keys by a profile, the AWS variables, or coffer place add.',
  })
}

function credentialsChosen({ profile }: ConnectionChoice): CredentialSource {
  return profile === undefined ? { kind: 'default' } : { kind: 'profile', profile }
}
