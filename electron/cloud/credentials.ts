import type { S3ClientConfig } from '@aws-sdk/client-s3'
import { fromIni, fromNodeProviderChain } from '@aws-sdk/credential-providers'
import type { CredentialSource } from './connection.ts'
import { describeCredentialFailure } from './failures/credentials.ts'
import { isPage, isPageHead, notS3 } from './failures/not-s3.ts'
import { textOf } from './middleware/service-answers.ts'
import type { RequestHandler } from './wire/handler.ts'

type Credentials = NonNullable<S3ClientConfig['credentials']>

/**
 * What signs the requests. `default` is the SDK's chain (environment, profile, SSO, web identity, process, container,
 * instance); a named profile is read for whatever it says: keys, SSO session, role, process. Both refresh by themselves, and
 * ask STS and IAM Identity Center by `handler`.
 */
export function credentialsOf(source: CredentialSource, handler?: RequestHandler): Credentials {
  const clientConfig = handler === undefined ? {} : { requestHandler: refusingPages(handler) }
  switch (source.kind) {
    case 'default':
      return fromNodeProviderChain({ clientConfig })
    case 'profile':
      return fromIni({ profile: source.profile, clientConfig })
    case 'keys':
      return {
        accessKeyId: source.accessKeyId,
        secretAccessKey: source.secretAccessKey,
        ...(source.sessionToken === undefined ? {} : { sessionToken: source.sessionToken }),
      }
  }
}

/** The same, whose failures are CofferErrors (failures/credentials.ts). */
export function explained(credentials: Credentials): Credentials {
  if (typeof credentials !== 'function') return credentials
  return (...identity) =>
    credentials(...identity).catch((error: unknown) => Promise.reject(describeCredentialFailure(error)))
}

/** STS answers in XML and IAM Identity Center in JSON; a page of HTML is somebody else's, and the SDK cannot read it. */
function refusingPages(handler: RequestHandler): RequestHandler {
  return {
    ...handler,
    async handle(request, options) {
      const handled = await handler.handle(request, options)
      const { statusCode, headers } = handled.response
      if (!isPageHead(headers) || statusCode >= 500) return handled
      const text = await textOf(handled.response)
      if (isPage(text)) throw notS3('STS', statusCode, text)
      return handled
    },
  }
}
