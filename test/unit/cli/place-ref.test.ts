import { describe, expect, it } from 'vitest'
import { placeRef } from '../../../electron/cli/place-ref.ts'

describe('which place a command goes to', () => {
  it('is the default place when nothing is said', () => {
    expect(placeRef({}, {})).toBeUndefined()
  })
  it('is the one that --place names, whatever the environment says', () => {
    expect(placeRef({ place: 'nas' }, { AWS_PROFILE: 'work', COFFER_PLACE: 'other' })).toBe('nas')
  })
  it('is any of them, paid for by the person', () => {
    const requestPayer = 'requester'
    expect(placeRef({ requestPayer }, {})).toEqual({ place: '', requestPayer })
    expect(placeRef({ requestPayer, place: 'nas' }, {})).toEqual({ place: 'nas', requestPayer })
    expect(placeRef({ requestPayer }, { COFFER_PLACE: 'nas' })).toEqual({ place: 'nas', requestPayer })
    expect(placeRef({ requestPayer, profile: 'work' }, {})).toEqual({ profile: 'work', requestPayer })
  })
  it('is the one in COFFER_PLACE before what the AWS variables say', () => {
    expect(placeRef({}, { COFFER_PLACE: 'nas', AWS_PROFILE: 'work' })).toBe('nas')
  })
  it('is what the options describe, before COFFER_PLACE', () => {
    expect(placeRef({ endpointUrl: 'http://127.0.0.1:9000' }, { COFFER_PLACE: 'nas' })).toEqual({
      endpoint: 'http://127.0.0.1:9000',
    })
  })
  it.each([
    [{ AWS_PROFILE: 'work' }, { profile: 'work' }],
    [{ AWS_ACCESS_KEY_ID: 'AKID', AWS_REGION: 'eu-west-1' }, { region: 'eu-west-1' }],
    [{ AWS_ACCESS_KEY_ID: 'AKID', AWS_DEFAULT_REGION: 'eu-west-2' }, { region: 'eu-west-2' }],
    [{ AWS_ENDPOINT_URL: 'http://a' }, { endpoint: 'http://a', kmsEndpoint: 'http://a' }],
    [
      { AWS_ENDPOINT_URL: 'http://a', AWS_ENDPOINT_URL_S3: 'http://s3', AWS_ENDPOINT_URL_KMS: 'http://kms' },
      { endpoint: 'http://s3', kmsEndpoint: 'http://kms' },
    ],
    [
      { AWS_PROFILE: 'work', AWS_CA_BUNDLE: 'ca.pem' },
      { profile: 'work', caBundle: 'ca.pem' },
    ],
  ])('is what the AWS variables describe: %o', (env, expected) => {
    expect(placeRef({}, env)).toMatchObject(expected)
  })
  it('a region alone in the environment does not lead away from the default place', () => {
    expect(placeRef({}, { AWS_REGION: 'eu-west-1' })).toBeUndefined()
  })
  it('an option goes before its variable', () => {
    expect(placeRef({ region: 'eu-west-1' }, { AWS_REGION: 'us-east-1', AWS_PROFILE: 'work' })).toEqual({
      region: 'eu-west-1',
      profile: 'work',
      environment: { AWS_PROFILE: 'work' },
    })
  })
  it.each([
    [{ endpointUrl: '' }, '--endpoint-url'],
    [{ endpointUrl: 'https://s3.example.com', kmsEndpointUrl: '' }, '--kms-endpoint-url'],
    [{ place: '' }, '--place'],
  ])('refuses an option without a value: %j', (options, name) => {
    const failure = expect.objectContaining({
      code: 'INVALID_INPUT',
      message: `${name} was given without a value.`,
    }) as Error
    expect(() => placeRef(options, { AWS_PROFILE: 'elsewhere' })).toThrow(failure)
  })
  it('leaves configured endpoints out where AWS_IGNORE_CONFIGURED_ENDPOINT_URLS says so', () => {
    const env = { AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'true', AWS_ENDPOINT_URL: 'http://a', AWS_PROFILE: 'work' }
    expect(placeRef({}, env)).not.toHaveProperty('endpoint')
    expect(placeRef({}, env)).not.toHaveProperty('kmsEndpoint')
  })
  it('refuses --place together with the description of a server', () => {
    expect(() => placeRef({ place: 'nas', region: 'x' }, {})).toThrow(
      expect.objectContaining({ code: 'INVALID_INPUT' }),
    )
  })
})
