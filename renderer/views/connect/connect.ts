import type { Failure } from '../../../electron/api/contract.ts'

/** One thing that was tried with a new place. */
export interface Check {
  action: string
  ok: boolean
  error?: Failure | undefined
}

/** What a person says of a server, as they type it. */
export interface ConnectFields {
  kind: 'aws-keys' | 'aws-profile' | 'compatible'
  name: string
  endpoint: string
  kmsEndpoint: string
  region: string
  profile: string
  caBundle: string
  accessKeyId: string
  secretAccessKey: string
  sessionToken: string
}

export function emptyFields(): ConnectFields {
  return {
    kind: 'aws-keys',
    name: '',
    endpoint: '',
    kmsEndpoint: '',
    region: '',
    profile: '',
    caBundle: '',
    accessKeyId: '',
    secretAccessKey: '',
    sessionToken: '',
  }
}

const given = <T extends string>(name: T, value: string): Partial<Record<T, string>> =>
  value.trim() === '' ? {} : ({ [name]: value.trim() } as Record<T, string>)

/** A place as the contract takes it. */
export interface PlaceRequest {
  name: string
  connection: { region?: string; endpoint?: string; kmsEndpoint?: string; caBundle?: string; profile?: string }
  keys?: { accessKeyId: string; secretAccessKey: string; sessionToken?: string }
}

/** What the contract takes: only what was said, and only what goes with the kind of server. */
export function placeRequest(fields: ConnectFields): PlaceRequest {
  const { kind, name, accessKeyId, secretAccessKey } = fields
  const compatible = kind === 'compatible'
  return {
    name: name.trim() || defaultName(fields),
    connection: {
      ...given('region', fields.region),
      ...(compatible ? { ...given('endpoint', fields.endpoint), ...given('kmsEndpoint', fields.kmsEndpoint) } : {}),
      ...(compatible ? given('caBundle', fields.caBundle) : {}),
      ...(kind === 'aws-profile' ? given('profile', fields.profile) : {}),
    },
    ...(kind === 'aws-profile'
      ? {}
      : {
          keys: {
            accessKeyId: accessKeyId.trim(),
            secretAccessKey: secretAccessKey.trim(),
            ...given('sessionToken', fields.sessionToken),
          },
        }),
  }
}

/** `Amazon S3`, `Amazon S3 · work`, or the server's own name. */
export function defaultName({ kind, endpoint, profile }: ConnectFields): string {
  if (kind === 'compatible') return URL.canParse(endpoint) ? new URL(endpoint).host : 'S3 server'
  return kind === 'aws-profile' && profile.trim() !== '' ? `Amazon S3 · ${profile.trim()}` : 'Amazon S3'
}

export type RequiredField = 'endpoint' | 'accessKeyId' | 'secretAccessKey'

/** The first field that is still missing; undefined if the connection can be tried. */
export function missingField(fields: ConnectFields): RequiredField | undefined {
  const { kind, endpoint, accessKeyId, secretAccessKey } = fields
  if (kind === 'compatible' && !/^https?:\/\/./.test(endpoint.trim())) return 'endpoint'
  if (kind === 'aws-profile') return undefined
  if (accessKeyId.trim() === '') return 'accessKeyId'
  return secretAccessKey.trim() === '' ? 'secretAccessKey' : undefined
}

/** What is still missing, in words; undefined if it can be tried. */
export function missing(fields: ConnectFields): string | undefined {
  const field = missingField(fields)
  if (field === undefined) return undefined
  return field === 'endpoint' ? 'Give the server’s address, with https://.' : 'Give the access key and its secret.'
}
