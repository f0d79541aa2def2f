/**
 * The AWS variables beside endpoint, region, profile and CA bundle that say how a server is reached (AWS SDKs and Tools
 * Reference Guide, "Environment variables"). None of them holds a secret.
 */
export const AWS_VARIABLES = [
  'AWS_PROFILE',
  'AWS_ENDPOINT_URL',
  'AWS_ENDPOINT_URL_S3',
  'AWS_ENDPOINT_URL_KMS',
  'AWS_ENDPOINT_URL_STS',
  'AWS_ENDPOINT_URL_SSO',
  'AWS_ENDPOINT_URL_SSO_OIDC',
  'AWS_IGNORE_CONFIGURED_ENDPOINT_URLS',
  'AWS_USE_FIPS_ENDPOINT',
  'AWS_USE_DUALSTACK_ENDPOINT',
  'AWS_RETRY_MODE',
  'AWS_MAX_ATTEMPTS',
  'AWS_S3_USE_ARN_REGION',
  'AWS_S3_US_EAST_1_REGIONAL_ENDPOINT',
  'AWS_REQUEST_CHECKSUM_CALCULATION',
  'AWS_RESPONSE_CHECKSUM_VALIDATION',
] as const

/** Their values, where they are set. */
export type AwsEnvironment = Partial<Record<(typeof AWS_VARIABLES)[number], string>>
