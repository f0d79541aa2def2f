import type { S3ClientConfig } from '@aws-sdk/client-s3'
import {
  createCredentialChain,
  fromContainerMetadata,
  fromEnv,
  fromHttp,
  fromIni,
  fromInstanceMetadata,
  fromTokenFile,
} from '@aws-sdk/credential-providers'
import { CredentialsProviderError } from '@smithy/core/config'
import { CofferError } from '../base/errors.ts'
import type { AwsSettings } from './aws-settings/settings.ts'
import { signInEndpoints, stsEndpoint } from './aws-settings/sign-in-endpoints.ts'
import type { CredentialSource } from './connection.ts'
import { describeCredentialFailure } from './failures/credentials.ts'
import { isPage, isPageHead, notS3 } from './failures/not-s3.ts'
import { textOf } from './middleware/service-answers.ts'
import type { RequestHandler } from './wire/handler.ts'

type Credentials = NonNullable<S3ClientConfig['credentials']>

/** What STS and IAM Identity Center are reached with; left out: as the SDK reaches them. */
export interface SignInReach {
  settings?: AwsSettings | undefined
  /** Asks the person for the code that a device shows (`mfa_serial`). Left out: nobody can be asked. */
  askMfaCode?: ((serial: string) => Promise<string>) | undefined
}

/**
 * What signs the requests. `default` is the SDK's chain (environment, profile, SSO, web identity, process, container); a named
 * profile is read for whatever it says: keys, SSO session, role, process. Both refresh by themselves, and ask STS and IAM
 * Identity Center by `handler`. The metadata service of EC2 is asked where a profile or AWS_EC2_METADATA_DISABLED=false says
 * so: on any other computer its address is nobody's, or somebody else's.
 */
export function credentialsOf(source: CredentialSource, handler?: RequestHandler, reach?: SignInReach): Credentials {
  switch (source.kind) {
    case 'default':
      return defaultChain(initOf(handler, reach))
    case 'profile':
      return fromIni({ profile: source.profile, ...initOf(handler, reach) })
    case 'environment':
      return fromEnv()
    case 'keys':
      return {
        accessKeyId: source.accessKeyId,
        secretAccessKey: source.secretAccessKey,
        ...(source.sessionToken === undefined ? {} : { sessionToken: source.sessionToken }),
      }
  }
}

type Init = NonNullable<Parameters<typeof fromIni>[0]>

function initOf(handler: RequestHandler | undefined, reach: SignInReach | undefined): Init {
  const { settings = {}, askMfaCode = nobodyToAsk } = reach ?? {}
  return {
    clientConfig: {
      ...(handler === undefined ? {} : { requestHandler: signInEndpoints(refusingPages(handler), settings) }),
      ignoreConfiguredEndpointUrls: reach?.settings !== undefined,
      useFipsEndpoint: settings.fips ?? false,
      useDualstackEndpoint: settings.dualstack ?? false,
    },
    ...(settings.stsEndpoint === undefined ? {} : { clientPlugins: [stsEndpoint(settings.stsEndpoint)] }),
    mfaCodeProvider: askMfaCode,
  }
}

/** The order of the AWS CLI: AWS SDKs and Tools Reference Guide, "Standardized credential providers". */
function defaultChain(init: Init): Credentials {
  const { AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: task, AWS_CONTAINER_CREDENTIALS_FULL_URI: pod } = process.env
  const isInContainer = Boolean(task ?? pod)
  const asksInstance = process.env['AWS_EC2_METADATA_DISABLED']?.toLowerCase() === 'false'
  return createCredentialChain(
    fromEnv(),
    fromIni(init),
    fromTokenFile(init),
    ...(isInContainer ? [fromHttp({}), fromContainerMetadata()] : []),
    ...(asksInstance ? [fromInstanceMetadata()] : []),
    none,
  )
}

function none(): Promise<never> {
  return Promise.reject(
    new CredentialsProviderError('Could not load credentials from any providers', { tryNextLink: false }),
  )
}

function nobodyToAsk(serial: string): Promise<never> {
  const message = `This AWS profile asks for the code of an MFA device (mfa_serial = ${serial}), and nobody can be asked here.`
  return Promise.reject(
    new CofferError('CREDENTIALS_MISSING', message, {
      hint: 'Use the command line in a terminal, which asks for it.',
    }),
  )
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
