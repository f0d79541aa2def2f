import type { AwsEnvironment } from '../base/aws-variables.ts'
import { CofferError } from '../base/errors.ts'
import { readProfile } from './aws-settings/profile.ts'
import { awsSettings, endpointFor, lookUp, type AwsSettings, type Lookup } from './aws-settings/settings.ts'
import { isAmazon } from './behaviour.ts'
import type { Connection, CredentialSource } from './connection.ts'
import { endpointOf } from './endpoint.ts'

/** What a person says of a server; all else follows from it. */
export interface ConnectionChoice {
  endpoint?: string | undefined
  kmsEndpoint?: string | undefined
  region?: string | undefined
  profile?: string | undefined
  caBundle?: string | undefined
  /** The person pays for what is read from a Requester Pays bucket. */
  requestPayer?: 'requester' | undefined
  /** The account that a bucket has to belong to. */
  expectedBucketOwner?: string | undefined
  /** The proxy that requests go by; '' for none, whatever the environment says. */
  proxy?: string | undefined
  /** The AWS variables that count, beside those that are said above. */
  environment?: AwsEnvironment | undefined
  /** A stored place by id or name, '' for the default one, on top of which only `requestPayer` and the like are said. */
  place?: string | undefined
}

/** Where requests go that name no region; S3 then tells the bucket's own. */
const DEFAULT_REGION = 'us-east-1'

/**
 * Fills in the rest as the AWS CLI does: what is said goes first, then the variables, then the profile's own settings, then the
 * defaults. Amazon's own names take every checksum and virtual hosts; other servers take neither for granted. Throws
 * INVALID_INPUT for what is no address of a server, a profile that is not there, and a setting that Coffer cannot honour.
 */
export async function connectionOf(choice: ConnectionChoice, credentials?: CredentialSource): Promise<Connection> {
  const name = choice.profile ?? process.env['AWS_PROFILE'] ?? 'default'
  const lookup: Lookup = { environment: choice.environment ?? {}, profile: await readProfile(name), sources: {} }
  const { profile, sources } = lookup
  const endpoint = chosenEndpoint(lookup, choice.endpoint, 's3')
  const kmsEndpoint = chosenEndpoint(lookup, choice.kmsEndpoint, 'kms', isSaid(lookup, choice.endpoint))
  const { addressing, checksums, ...settings } = awsSettings(lookup)
  refuseWithEndpoint(endpoint ?? kmsEndpoint, settings)
  const foreign = endpoint !== undefined && !isAmazon(endpoint)
  const region = choice.region ?? lookUp(lookup, 'region')?.value
  const caBundle = choice.caBundle ?? lookUp(lookup, 'ca_bundle')?.value
  return {
    endpoint,
    kmsEndpoint,
    region: region ?? DEFAULT_REGION,
    pathStyle: addressing === undefined ? foreign && settings.accelerate !== true : addressing === 'path',
    caBundle,
    checksums: checksums ?? (foreign ? 'when-required' : 'when-supported'),
    credentials: credentials ?? credentialsChosen(choice),
    requestPayer: choice.requestPayer,
    expectedBucketOwner: choice.expectedBucketOwner,
    proxy: choice.proxy,
    settings: present(settings),
    sources: { ...sources, ...(profile.name === 'default' ? {} : { profile: profile.name }) },
  }
}

/** Said by the person, and not only by the environment. */
function isSaid({ environment }: Lookup, endpoint: string | undefined): boolean {
  return endpoint !== undefined && ![environment.AWS_ENDPOINT_URL_S3, environment.AWS_ENDPOINT_URL].includes(endpoint)
}

/** `elsewhere`: the S3 was named by hand, and what the profile says of all its services is not said of that server. */
function chosenEndpoint(
  lookup: Lookup,
  said: string | undefined,
  service: 's3' | 'kms',
  elsewhere = false,
): string | undefined {
  if (said !== undefined) return endpointOf(said)
  const { profile } = lookup
  const isOwn = profile.services[`${service}.endpoint_url`] !== undefined
  if (elsewhere && !isOwn) return undefined
  return endpointFor(lookup, service)
}

/** Amazon's variants of an endpoint are of Amazon's own. */
function refuseWithEndpoint(endpoint: string | undefined, settings: AwsSettings): void {
  if (endpoint === undefined) return
  const set = (
    [
      ['use_fips_endpoint', settings.fips],
      ['use_dualstack_endpoint', settings.dualstack],
      ['s3.use_accelerate_endpoint', settings.accelerate],
    ] as const
  ).find(([, value]) => value === true)
  if (set === undefined) return
  throw new CofferError('INVALID_INPUT', `${set[0]} and the endpoint ${endpoint} exclude each other.`, {
    hint: 'Take one of them out: the setting chooses among the endpoints of Amazon.',
  })
}

/** As in the AWS CLI, keys in the environment go before AWS_PROFILE, and not before --profile. */
function credentialsChosen({ profile, environment }: ConnectionChoice): CredentialSource {
  const { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret } = process.env
  if (profile !== undefined && environment?.AWS_PROFILE === profile && id && secret) return { kind: 'environment' }
  return profile === undefined ? { kind: 'default' } : { kind: 'profile', profile }
}

function present(settings: AwsSettings): AwsSettings {
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined))
}
