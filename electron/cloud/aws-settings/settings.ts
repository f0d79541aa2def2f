import { CofferError } from '../../base/errors.ts'
import type { AwsEnvironment as Environment } from '../../base/aws-variables.ts'
import { endpointOf } from '../endpoint.ts'
import type { Profile } from './profile.ts'
import { refuseUnsupported } from './unsupported.ts'

/** What the AWS settings say beside endpoint, region and credentials. Plain data, without a secret. */
export interface AwsSettings {
  fips?: boolean | undefined
  dualstack?: boolean | undefined
  /** S3 Transfer Acceleration. */
  accelerate?: boolean | undefined
  /** An access point is asked in the region of its ARN; false: it has to be the place's own. */
  useArnRegion?: boolean | undefined
  /** us-east-1 is asked at s3.amazonaws.com. */
  globalEndpoint?: boolean | undefined
  addressing?: 'virtual' | 'path' | undefined
  checksums?: 'when-supported' | 'when-required' | undefined
  retryMode?: 'standard' | 'adaptive' | undefined
  maxAttempts?: number | undefined
  stsEndpoint?: string | undefined
  ssoEndpoint?: string | undefined
  oidcEndpoint?: string | undefined
  /** A role of the profile, or of one that it takes credentials from, asks for the code of a device. */
  asksMfa?: boolean | undefined
}

/** The services that Coffer asks, as `[services]` sections and AWS_ENDPOINT_URL_* call them. */
export type Service = 's3' | 'kms' | 'sts' | 'sso' | 'sso_oidc'

/** Where each setting that counts was read, by its name, in words for a person: `AWS_REGION`, `profile work`. */
export type Sources = Record<string, string>

/** A value, and where it was read. */
interface Said {
  value: string
  source: string
}

/** Looks settings up: the environment goes before the profile, as in the AWS CLI. */
export interface Lookup {
  environment: Environment
  profile: Profile
  sources: Sources
}

/**
 * The endpoint of a service: AWS_ENDPOINT_URL_SERVICE, AWS_ENDPOINT_URL, the profile's `services` section, the profile's own
 * `endpoint_url`. Undefined: Amazon's own, or AWS_IGNORE_CONFIGURED_ENDPOINT_URLS. Throws INVALID_INPUT for what is no address.
 */
export function endpointFor(lookup: Lookup, service: Service): string | undefined {
  if (readBoolean(lookup, 'ignore_configured_endpoint_urls') === true) return undefined
  const { environment, profile, sources } = lookup
  const variable = `AWS_ENDPOINT_URL_${service.toUpperCase()}` as keyof Environment
  const found =
    fromEnvironment(environment, variable) ??
    fromEnvironment(environment, 'AWS_ENDPOINT_URL') ??
    said(profile.services[`${service}.endpoint_url`], `[services ${profile.values['services']}]`) ??
    said(profile.values['endpoint_url'], `profile ${profile.name}`)
  if (found === undefined) return undefined
  sources[`${service} endpoint_url`] = found.source
  return endpointOf(found.value)
}

/** Everything else that counts. Throws INVALID_INPUT, naming the setting, for a value that Coffer cannot honour. */
export function awsSettings(lookup: Lookup): AwsSettings {
  refuseUnsupported(lookup.profile)
  const accelerate = readBoolean(lookup, 's3.use_accelerate_endpoint')
  const dualstack = readBoolean(lookup, 'use_dualstack_endpoint') ?? readBoolean(lookup, 's3.use_dualstack_endpoint')
  const regional = oneOf(lookup, 's3.us_east_1_regional_endpoint', ['legacy', 'regional'])
  const addressing = oneOf(lookup, 's3.addressing_style', ['auto', 'virtual', 'path'])
  const retryMode = oneOf(lookup, 'retry_mode', ['legacy', 'standard', 'adaptive'])
  return {
    fips: readBoolean(lookup, 'use_fips_endpoint'),
    dualstack,
    accelerate,
    useArnRegion: readBoolean(lookup, 's3.use_arn_region') ?? readBoolean(lookup, 's3_use_arn_region'),
    globalEndpoint: regional === 'legacy' ? true : undefined,
    addressing: addressing === 'auto' ? undefined : addressing,
    checksums: checksumsIn(lookup),
    retryMode: retryMode === 'legacy' ? 'standard' : retryMode,
    maxAttempts: readAttempts(lookup),
    stsEndpoint: endpointFor(lookup, 'sts'),
    ssoEndpoint: endpointFor(lookup, 'sso'),
    oidcEndpoint: endpointFor(lookup, 'sso_oidc'),
    asksMfa: lookup.profile.asksMfa ? true : undefined,
  }
}

/** A setting by its name in the shared files; its variable is AWS_ and the name in capitals. */
export function lookUp({ environment, profile, sources }: Lookup, name: string): Said | undefined {
  const variable = VARIABLES[name] ?? `AWS_${name.toUpperCase()}`
  const found =
    fromEnvironment(environment, variable as keyof Environment) ?? said(profile.values[name], `profile ${profile.name}`)
  if (found !== undefined) sources[name] = found.source
  return found
}

const VARIABLES: Partial<Record<string, string>> = {
  's3.us_east_1_regional_endpoint': 'AWS_S3_US_EAST_1_REGIONAL_ENDPOINT',
  's3.use_arn_region': 'AWS_S3_USE_ARN_REGION',
}

function fromEnvironment(environment: Environment, variable: keyof Environment): Said | undefined {
  return said(environment[variable], variable)
}

function said(value: string | undefined, source: string): Said | undefined {
  return value === undefined || value === '' ? undefined : { value, source }
}

function readBoolean(lookup: Lookup, name: string): boolean | undefined {
  const value = oneOf(lookup, name, ['true', 'false'])
  return value === undefined ? undefined : value === 'true'
}

function oneOf<T extends string>(lookup: Lookup, name: string, values: readonly T[]): T | undefined {
  const found = lookUp(lookup, name)
  if (found === undefined) return undefined
  const value = values.find((each) => each === found.value.toLowerCase())
  if (value !== undefined) return value
  throw new CofferError(
    'INVALID_INPUT',
    `${name} is ${found.value} in ${found.source}, and may be ${values.join(', ')}.`,
    {
      hint: `Correct ${name} in ${found.source}.`,
    },
  )
}

function checksumsIn(lookup: Lookup): AwsSettings['checksums'] {
  const values = ['when_supported', 'when_required'] as const
  const request = oneOf(lookup, 'request_checksum_calculation', values)
  const response = oneOf(lookup, 'response_checksum_validation', values)
  const [chosen = response] = [request]
  if (request !== undefined && response !== undefined && request !== response) {
    throw new CofferError(
      'INVALID_INPUT',
      'request_checksum_calculation and response_checksum_validation differ, and Coffer has one setting for both.',
      { hint: 'Give both the same value.' },
    )
  }
  if (chosen === undefined) return undefined
  return chosen === 'when_supported' ? 'when-supported' : 'when-required'
}

function readAttempts(lookup: Lookup): number | undefined {
  const found = lookUp(lookup, 'max_attempts')
  if (found === undefined) return undefined
  const attempts = Number(found.value)
  if (Number.isInteger(attempts) && attempts >= 1 && attempts <= 100) return attempts
  throw new CofferError('INVALID_INPUT', `max_attempts is ${found.value} in ${found.source}, and may be 1 to 100.`)
}
