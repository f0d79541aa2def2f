import { AWS_VARIABLES, type AwsEnvironment } from '../base/aws-variables.ts'
import { CofferError } from '../base/errors.ts'

/** The options by which a person says where, the same on every command. */
export interface WhereOptions {
  place?: string
  endpointUrl?: string
  kmsEndpointUrl?: string
  region?: string
  profile?: string
  caBundle?: string
  requestPayer?: 'requester'
  expectedBucketOwner?: string
  proxy?: string
}

/** What may be said of any server, a stored place's as well. */
export interface Standing {
  requestPayer?: 'requester'
  expectedBucketOwner?: string
  proxy?: string
}

export interface Connection extends Standing {
  /** A stored place, or '' for the default one; then only what is standing is said besides. */
  place?: string
  endpoint?: string
  kmsEndpoint?: string
  region?: string
  profile?: string
  caBundle?: string
  environment?: AwsEnvironment
}

/**
 * Which place a command goes to: the one that `--place` names; else the server that the options, or the AWS variables,
 * describe as they do for the AWS CLI; else the default place, which is left to Coffer (undefined). COFFER_PLACE goes before
 * the AWS variables: whoever sets it means Coffer. `--request-payer`, `--expected-bucket-owner` and `--proxy` are added to each of
 * them.
 */
export function placeRef(options: WhereOptions, env: NodeJS.ProcessEnv): string | Connection | undefined {
  const place = placeNamed(options, env)
  const { requestPayer, expectedBucketOwner, proxy } = options
  const standing: Standing = present({ requestPayer, expectedBucketOwner, proxy: proxy === 'none' ? '' : proxy })
  if (Object.keys(standing).length === 0) return place
  return typeof place === 'object' ? { ...place, ...standing } : { place: place ?? '', ...standing }
}

function placeNamed(options: WhereOptions, env: NodeJS.ProcessEnv): string | Connection | undefined {
  refuseEmpty(options)
  const asked = connectionOf(options)
  if (options.place !== undefined) {
    if (Object.keys(asked).length === 0) return options.place
    throw new CofferError('INVALID_INPUT', '--place and the options that describe a server exclude each other.', {
      hint: 'Give one or the other: coffer place list.',
    })
  }
  const ambient = connectionOfEnv(env)
  const named = Object.keys(asked).length > 0
  const surrounding = [
    'AWS_ACCESS_KEY_ID',
    'AWS_PROFILE',
    'AWS_DEFAULT_PROFILE',
    'AWS_ENDPOINT_URL',
    'AWS_ENDPOINT_URL_S3',
  ].some((name) => env[name])
  if (!named && (env.COFFER_PLACE || !surrounding)) return env.COFFER_PLACE || undefined
  // As in the AWS CLI: an option goes before its variable, and a variable before what the profile says.
  const environment = environmentOf(env, asked)
  return { ...ambient, ...asked, ...(Object.keys(environment).length === 0 ? {} : { environment }) }
}

/** `--endpoint-url "$URL"` with a variable that is not set: the command would go to another server than was meant. */
function refuseEmpty(options: WhereOptions): void {
  const [name] = Object.entries(options).find(([option, value]) => WHERE.has(option) && value === '') ?? []
  if (name === undefined) return
  const option = `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
  throw new CofferError('INVALID_INPUT', `${option} was given without a value.`, {
    hint: 'A variable in the command may not be set. Give the value, or leave the option out.',
  })
}

const WHERE = new Set(['place', 'endpointUrl', 'kmsEndpointUrl', 'region', 'profile', 'caBundle'])

function connectionOf({ endpointUrl, kmsEndpointUrl, region, profile, caBundle }: WhereOptions): Connection {
  return given({ endpoint: endpointUrl, kmsEndpoint: kmsEndpointUrl, region, profile, caBundle })
}

/** AWS SDKs and Tools Reference Guide, "Environment variables" and "Service-specific endpoints". */
function connectionOfEnv(env: NodeJS.ProcessEnv): Connection {
  const isIgnored = env.AWS_IGNORE_CONFIGURED_ENDPOINT_URLS?.toLowerCase() === 'true'
  const { AWS_ENDPOINT_URL: all, AWS_ENDPOINT_URL_S3: s3, AWS_ENDPOINT_URL_KMS: kms } = isIgnored ? {} : env
  return given({
    endpoint: s3 || all,
    kmsEndpoint: kms || all,
    region: env.AWS_REGION || env.AWS_DEFAULT_REGION,
    profile: profileIn(env),
    caBundle: env.AWS_CA_BUNDLE,
  })
}

/** AWS_DEFAULT_PROFILE is the older name. */
function profileIn(env: NodeJS.ProcessEnv): string | undefined {
  return env.AWS_PROFILE || env.AWS_DEFAULT_PROFILE || undefined
}

/** The other variables; those whose option is given do not count. */
function environmentOf(env: NodeJS.ProcessEnv, { endpoint, profile }: Connection): AwsEnvironment {
  const isOverruled = (name: string): boolean => name === 'AWS_ENDPOINT_URL_S3' && endpoint !== undefined
  const environment: AwsEnvironment = {}
  for (const name of AWS_VARIABLES) {
    const value = env[name]
    if (value && !isOverruled(name)) environment[name] = value
  }
  delete environment.AWS_PROFILE
  const named = profileIn(env)
  return profile === undefined && named !== undefined ? { ...environment, AWS_PROFILE: named } : environment
}

function given(values: Partial<Record<keyof Connection, string | undefined>>): Connection {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined && value !== ''))
}

function present(values: Partial<Record<keyof Standing, string | undefined>>): Standing {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined))
}
