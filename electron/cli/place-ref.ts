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
}

export interface Connection {
  requestPayer?: 'requester'
  /** A stored place, or '' for the default one; then only `requestPayer` is said besides. */
  place?: string
  endpoint?: string
  kmsEndpoint?: string
  region?: string
  profile?: string
  caBundle?: string
}

/**
 * Which place a command goes to: the one that `--place` names; else the server that the options, or the AWS variables,
 * describe as they do for the AWS CLI; else the default place, which is left to Coffer (undefined). COFFER_PLACE goes before
 * the AWS variables: whoever sets it means Coffer. `--request-payer` is added to each of them.
 */
export function placeRef(options: WhereOptions, env: NodeJS.ProcessEnv): string | Connection | undefined {
  const place = placeNamed(options, env)
  const { requestPayer } = options
  if (requestPayer === undefined) return place
  return typeof place === 'object' ? { ...place, requestPayer } : { place: place ?? '', requestPayer }
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
  const surrounding = ['AWS_ACCESS_KEY_ID', 'AWS_PROFILE', 'AWS_ENDPOINT_URL', 'AWS_ENDPOINT_URL_S3'].some(
    (name) => env[name],
  )
  if (!named && (env.COFFER_PLACE || !surrounding)) return env.COFFER_PLACE || undefined
  // As in the AWS CLI: an option goes before its variable, and a variable before what the profile says.
  return { ...ambient, ...asked }
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
  return present({ endpoint: endpointUrl, kmsEndpoint: kmsEndpointUrl, region, profile, caBundle })
}

/** AWS SDKs and Tools Reference Guide, "Environment variables" and "Service-specific endpoints". */
function connectionOfEnv(env: NodeJS.ProcessEnv): Connection {
  return present({
    endpoint: env.AWS_ENDPOINT_URL_S3 || env.AWS_ENDPOINT_URL,
    kmsEndpoint: env.AWS_ENDPOINT_URL_KMS || env.AWS_ENDPOINT_URL,
    region: env.AWS_REGION || env.AWS_DEFAULT_REGION,
    profile: env.AWS_PROFILE,
    caBundle: env.AWS_CA_BUNDLE,
  })
}

function present(
  values: Record<'endpoint' | 'kmsEndpoint' | 'region' | 'profile' | 'caBundle', string | undefined>,
): Connection {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined && value !== ''))
}
