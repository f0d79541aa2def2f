import { CofferError } from '../../base/errors.ts'
import type { Profile } from './profile.ts'

interface Unsupported {
  name: string
  /** What Coffer does in any case; other values are refused. */
  allowed: readonly string[]
  why: string
}

/** Settings that would change where a request goes or how it is signed, and that Coffer cannot honour. */
const UNSUPPORTED: readonly Unsupported[] = [
  { name: 's3.signature_version', allowed: ['s3v4', 'v4'], why: 'Coffer signs with Signature Version 4 only.' },
  { name: 'signature_version', allowed: ['s3v4', 'v4'], why: 'Coffer signs with Signature Version 4 only.' },
  { name: 's3.payload_signing_enabled', allowed: ['true'], why: 'Coffer signs every payload.' },
  { name: 'sigv4a_signing_region_set', allowed: [], why: 'Coffer signs for one region.' },
  {
    name: 's3.endpoint_url',
    allowed: [],
    why: 'The AWS CLI reads endpoint_url in the profile or in its services section.',
  },
  { name: 'sts_regional_endpoints', allowed: ['regional'], why: 'Coffer asks STS in the region of the profile.' },
]

/** Throws INVALID_INPUT, naming the setting: leaving it out would reach another server, or the same one in another way. */
export function refuseUnsupported({ name, values }: Profile): void {
  for (const { name: setting, allowed, why } of UNSUPPORTED) {
    const value = values[setting]
    if (value === undefined || allowed.includes(value.toLowerCase())) continue
    throw new CofferError('INVALID_INPUT', `Coffer cannot honour ${setting} = ${value} of the AWS profile ${name}.`, {
      hint: `${why} Take the line out, or use another profile.`,
    })
  }
}
