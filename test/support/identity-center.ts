import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

/**
 * IAM Identity Center, as far as a device signs in there: its OIDC service (RegisterClient, StartDeviceAuthorization,
 * CreateToken), the page that a person confirms on, and its portal, which gives a token's bearer the credentials of a role.
 */
export interface IdentityCenter {
  endpoint: string
  /** What was asked of the OIDC service, in order: path and body. */
  asked: { path: string; body: Record<string, unknown> }[]
  /** As the buttons of the page do. */
  answer(how: 'confirm' | 'refuse'): void
  stop(): Promise<void>
}

/** What the portal gives out. */
export interface RoleKeys {
  accessKeyId: string
  secretAccessKey: string
}

const DAY = 86_400

export async function startIdentityCenter(role: RoleKeys): Promise<IdentityCenter> {
  const asked: IdentityCenter['asked'] = []
  const tokens = new Set<string>()
  let answered: 'confirm' | 'refuse' | undefined
  let polls = 0
  let endpoint = ''

  const OIDC: Record<string, () => [status: number, body: object]> = {
    '/client/register': () => [
      200,
      {
        clientId: 'client',
        clientSecret: 'registered',
        clientSecretExpiresAt: Math.floor(Date.now() / 1_000) + 90 * DAY,
      },
    ],
    '/device_authorization': () => {
      answered = undefined
      polls = 0
      const page = `${endpoint}/device`
      const codes = { deviceCode: 'device', userCode: 'WXYZ-1234', verificationUri: page }
      return [200, { ...codes, verificationUriComplete: `${page}?user_code=WXYZ-1234`, expiresIn: 600, interval: 1 }]
    },
    '/token': () => {
      polls += 1
      if (answered === 'refuse') return [400, { error: 'access_denied' }]
      if (answered === undefined || polls === 1) return [400, { error: 'authorization_pending' }]
      const accessToken = randomBytes(24).toString('base64url')
      tokens.add(accessToken)
      return [200, { accessToken, tokenType: 'Bearer', expiresIn: 8 * 3_600, refreshToken: `again-${accessToken}` }]
    },
  }

  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://any')
    const json = (status: number, body: object): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    }
    const service = OIDC[pathname]
    if (request.method === 'POST' && service !== undefined) {
      void bodyOf(request).then((body) => {
        asked.push({ path: pathname, body })
        json(...service())
      })
    } else if (request.method === 'POST' && pathname === '/device') {
      answered = 'confirm'
      response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>You may close this page</h1>')
    } else if (pathname === '/device') {
      response.writeHead(200, { 'content-type': 'text/html' })
      response.end('<form method="post"><p>WXYZ-1234</p><button>Confirm and continue</button></form>')
    } else if (pathname === '/federation/credentials') {
      const known = tokens.has(String(request.headers['x-amz-sso_bearer_token']))
      const expiration = Date.now() + 3_600_000
      if (known) json(200, { roleCredentials: { ...role, sessionToken: 'session', expiration } })
      else json(401, { message: 'Session token not found or invalid' })
    } else json(404, {})
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    endpoint,
    asked,
    answer: (how) => (answered = how),
    async stop() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

async function bodyOf(request: IncomingMessage): Promise<Record<string, unknown>> {
  return JSON.parse(await text(request)) as Record<string, unknown>
}

/** Writes `~/.aws/config` with a profile that signs in there; `more` are lines of the profile itself. */
export async function writeSsoProfile(
  home: string,
  { endpoint }: IdentityCenter,
  more: string[] = [],
): Promise<string> {
  const path = join(home, '.aws', 'config')
  const profile = ['sso_session = corp', 'sso_account_id = 111122223333', 'sso_role_name = Reader', 'services = here']
  const lines = [
    '[default]',
    ...profile,
    ...more,
    '[sso-session corp]',
    'sso_start_url = https://corp.awsapps.com/start',
    'sso_region = us-east-1',
    'sso_registration_scopes = sso:account:access',
    '[profile plain]',
    'region = us-east-1',
    '[services here]',
    ...['sso_oidc', 'sso'].flatMap((service) => [`${service} =`, `  endpoint_url = ${endpoint}`]),
  ]
  await mkdir(join(home, '.aws'), { recursive: true })
  await writeFile(path, lines.join('\n'))
  return path
}
