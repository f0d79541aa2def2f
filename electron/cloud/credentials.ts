import type { S3ClientConfig } from '@aws-sdk/client-s3'
import { fromIni, fromNodeProviderChain } from '@aws-sdk/credential-providers'
import type { CredentialSource } from './connection.ts'

type Credentials = NonNullable<S3ClientConfig['credentials']>

/**
 * What signs the requests. `default` is the SDK's chain (environment, profile, SSO, web identity, process, container,
 * instance); a named profile is read for whatever it says: keys, SSO session, role, process. Both refresh by themselves.
 */
export function credentialsOf(source: CredentialSource): Credentials {
  switch (source.kind) {
    case 'default':
      return fromNodeProviderChain()
    case 'profile':
      return fromIni({ profile: source.profile })
    case 'keys':
      return {
        accessKeyId: source.accessKeyId,
        secretAccessKey: source.secretAccessKey,
        ...(source.sessionToken === undefined ? {} : { sessionToken: source.sessionToken }),
      }
  }
}
