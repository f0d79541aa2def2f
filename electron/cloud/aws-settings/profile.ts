import { parseKnownFiles } from '@smithy/core/config'
import { CofferError } from '../../base/errors.ts'

/** One profile of the shared AWS files, and what its `services` section says. Names as in the files: `s3.addressing_style`. */
export interface Profile {
  name: string
  values: Partial<Record<string, string>>
  services: Partial<Record<string, string>>
  /** This profile, or one that it takes credentials from, says `mfa_serial`. */
  asksMfa: boolean
}

/**
 * Reads a profile of `~/.aws/config` and `~/.aws/credentials`, or of the files that AWS_CONFIG_FILE and
 * AWS_SHARED_CREDENTIALS_FILE name (AWS SDKs and Tools Reference Guide, "Shared config and credentials files"). Only `default`
 * may be missing. Throws INVALID_INPUT for a profile, or a `services` section, that is not there.
 */
export async function readProfile(name: string): Promise<Profile> {
  const known = await parseKnownFiles({ profile: name, ignoreCache: true })
  const values = known[name]
  if (values === undefined && name !== 'default') throw noSuchProfile(name)
  const section = values?.['services']
  const services = section === undefined ? {} : known[`services.${section}`]
  if (services === undefined) {
    throw new CofferError(
      'INVALID_INPUT',
      `The AWS profile ${name} says services = ${section}, and there is no [services ${section}].`,
      {
        hint: 'Add that section to ~/.aws/config, or take the line out of the profile.',
      },
    )
  }
  const asksMfa = sourceChain(known, name).some((each) => known[each]?.['mfa_serial'] !== undefined)
  return { name, values: values ?? {}, services, asksMfa }
}

type Known = Awaited<ReturnType<typeof parseKnownFiles>>

/** A profile and those that it takes credentials from, the nearest first (`source_profile`). */
export function sourceChain(known: Known, name: string): string[] {
  const chain: string[] = []
  for (let next: string | undefined = name; next !== undefined && !chain.includes(next);) {
    chain.push(next)
    next = known[next]?.['source_profile']
  }
  return chain
}

/** The SDK's reader knows no profile whose name has a space in it. */
function noSuchProfile(name: string): CofferError {
  const hint = /\s/.test(name)
    ? 'Coffer reads no profile with a space in its name. Rename it in ~/.aws/config and ~/.aws/credentials.'
    : 'See which there are: aws configure list-profiles. Coffer reads ~/.aws/config and ~/.aws/credentials, or what AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE name.'
  return new CofferError('INVALID_INPUT', `There is no AWS profile ${name}.`, { hint })
}
