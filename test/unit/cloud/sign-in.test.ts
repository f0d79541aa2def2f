import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { credentialsOf } from '../../../electron/cloud/credentials.ts'
import { signIn } from '../../../electron/cloud/sso/sign-in.ts'
import { startIdentityCenter, writeSsoProfile, type IdentityCenter } from '../../support/identity-center.ts'

const ROLE = { accessKeyId: 'ASIAIOSFODNN7EXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' }
const { signal } = new AbortController()

describe('signing in to IAM Identity Center', () => {
  let home: string
  let center: IdentityCenter
  const tokenFile = (): string =>
    join(home, '.aws/sso/cache', `${createHash('sha1').update('corp').digest('hex')}.json`)

  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'coffer-sso-'))
    center = await startIdentityCenter(ROLE)
    vi.stubEnv('HOME', home)
    vi.stubEnv('AWS_CONFIG_FILE', await writeSsoProfile(home, center))
    vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', join(home, 'none'))
  })
  afterEach(async () => {
    vi.unstubAllEnvs()
    await center.stop()
    await rm(home, { recursive: true })
  })

  it('waits until it is confirmed, and keeps the token as the AWS CLI does, for the SDK to read', async () => {
    const begun = Date.now()
    const steps = signIn('default', signal)
    const asked = await steps.next()
    expect(asked.value).toMatchObject({
      kind: 'confirm',
      code: 'WXYZ-1234',
      url: `${center.endpoint}/device?user_code=WXYZ-1234`,
    })
    const provider = credentialsOf({ kind: 'profile', profile: 'default' })
    if (typeof provider !== 'function') throw new Error('a profile has a provider')
    await expect(provider()).rejects.toMatchObject({ name: 'CredentialsProviderError' })
    center.answer('confirm')
    expect((await steps.next()).value).toEqual({ kind: 'done' })
    expect((await steps.next()).done).toBe(true)

    expect(center.asked.map(({ path }) => path)).toEqual([
      '/client/register',
      '/device_authorization',
      '/token',
      '/token',
    ])
    expect(center.asked[0]?.body).toEqual({
      clientName: 'Coffer',
      clientType: 'public',
      scopes: ['sso:account:access'],
    })
    expect(center.asked[1]?.body).toMatchObject({ startUrl: 'https://corp.awsapps.com/start' })
    expect((await stat(tokenFile())).mode & 0o777).toBe(0o600)
    const kept = JSON.parse(await readFile(tokenFile(), 'utf8')) as Record<string, string>
    expect(Object.keys(kept).sort()).toEqual([
      'accessToken',
      'clientId',
      'clientSecret',
      'expiresAt',
      'refreshToken',
      'region',
      'registrationExpiresAt',
      'startUrl',
    ])
    expect(kept).toMatchObject({ startUrl: 'https://corp.awsapps.com/start', region: 'us-east-1', clientId: 'client' })
    expect(kept['expiresAt']).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
    expect(Date.parse(kept['expiresAt'] ?? '')).toBeGreaterThan(begun + 7 * 3_600_000)
    // The very provider that failed before gives the role's credentials now.
    expect(await provider()).toMatchObject({ ...ROLE, sessionToken: 'session' })
  })

  it('says that it was refused, and keeps nothing', async () => {
    const steps = signIn('default', signal)
    await steps.next()
    center.answer('refuse')
    await expect(steps.next()).rejects.toMatchObject({ code: 'CREDENTIALS_EXPIRED', message: /refused/ })
    await expect(stat(tokenFile())).rejects.toMatchObject({ code: 'ENOENT' })
  })

  it('stops when it is cancelled', async () => {
    const stop = new AbortController()
    const steps = signIn('default', stop.signal)
    await steps.next()
    const waiting = steps.next()
    stop.abort()
    await expect(waiting).rejects.toMatchObject({ code: 'CANCELLED' })
  })

  it('names what is missing', async () => {
    await expect(signIn('nobody', signal).next()).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    await expect(signIn('plain', signal).next()).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      message: 'The AWS profile plain does not sign in with IAM Identity Center.',
    })
    await center.stop()
    await expect(signIn('default', signal).next()).rejects.toMatchObject({ code: 'NETWORK' })
    center = await startIdentityCenter(ROLE)
  })
})
