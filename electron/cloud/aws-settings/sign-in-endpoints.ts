import type { RequestHandler } from '../wire/handler.ts'
import type { AwsSettings } from './settings.ts'

/** Amazon's own hosts of IAM Identity Center, its FIPS and dual-stack variants included. */
const PORTAL = /^portal\.sso[.-]/
const OIDC = /^oidc(?:-fips)?\./

/**
 * Sends the requests of IAM Identity Center to the endpoints that the settings name. The SDK looks those up in the profile of
 * AWS_PROFILE, whichever profile is used; and these requests carry a token and no signature, so that they may be sent elsewhere.
 */
export function signInEndpoints(
  handler: RequestHandler,
  { ssoEndpoint, oidcEndpoint }: Pick<AwsSettings, 'ssoEndpoint' | 'oidcEndpoint'>,
): RequestHandler {
  if (ssoEndpoint === undefined && oidcEndpoint === undefined) return handler
  return {
    ...handler,
    handle(request, options) {
      const named = endpointNamed(request.hostname, ssoEndpoint, oidcEndpoint)
      if (named !== undefined) {
        const { protocol, hostname, port, host, pathname } = new URL(named)
        const path = `${pathname.replace(/\/$/, '')}${request.path}`
        Object.assign(request, { protocol, hostname, port: port === '' ? undefined : Number(port), path })
        request.headers['host'] = host
      }
      return handler.handle(request, options)
    },
  }
}

function endpointNamed(hostname: string, sso: string | undefined, oidc: string | undefined): string | undefined {
  if (PORTAL.test(hostname)) return sso
  return OIDC.test(hostname) ? oidc : undefined
}

interface Stack {
  addRelativeTo(
    middleware: (next: Next) => (args: object) => Promise<unknown>,
    options: { relation: 'after'; toMiddleware: string; name: string },
  ): void
}

type Next = (args: object) => Promise<unknown>

/** Has the client of STS ask an endpoint of the settings. Its requests are signed, so the endpoint is set before that. */
export function stsEndpoint(url: string): { applyToStack(stack: unknown): void } {
  return {
    applyToStack(stack) {
      ;(stack as Stack).addRelativeTo(
        ((next: Next, context: { endpointV2?: { url: URL } }) => (args: object) => {
          if (context.endpointV2 !== undefined) context.endpointV2 = { ...context.endpointV2, url: new URL(url) }
          return next(args)
        }) as never,
        { relation: 'after', toMiddleware: 'endpointV2Middleware', name: 'stsEndpoint' },
      )
    },
  }
}
