import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DescribeKeyCommand } from '@aws-sdk/client-kms'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { bucketName } from '../../../electron/api/contract/common.ts'
import { parseTarget } from '../../../electron/cli/target.ts'
import { connectionOf } from '../../../electron/cloud/choice.ts'
import { openClients } from '../../../electron/cloud/clients.ts'
import { send } from '../../../electron/cloud/send.ts'
import { ssoSession } from '../../../electron/cloud/sso/session.ts'
import { generateDataKey } from '../../../electron/cloud/wire/kms.ts'
import { headObject } from '../../../electron/cloud/wire/wire.ts'

const { signal } = new AbortController()
let home: string

async function config(text: string): Promise<void> {
  await writeFile(join(home, 'config'), text)
}

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'coffer-aws-'))
  vi.stubEnv('HOME', home)
  vi.stubEnv('AWS_CONFIG_FILE', join(home, 'config'))
  vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', join(home, 'credentials'))
  vi.stubEnv('AWS_PROFILE', undefined)
  vi.stubEnv('AWS_CA_BUNDLE', undefined)
  await config('')
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await rm(home, { recursive: true })
})

describe('the endpoints of a profile', () => {
  it('are those of its services section, each service its own', async () => {
    await config(`[profile nas]
services = home ; comment
endpoint_url = https://all.test
[services home]
s3 =
  endpoint_url = https://s3.test
kms =
  endpoint_url = https://kms.test`)
    expect(await connectionOf({ profile: 'nas' })).toMatchObject({
      endpoint: 'https://s3.test',
      kmsEndpoint: 'https://kms.test',
      settings: { stsEndpoint: 'https://all.test', ssoEndpoint: 'https://all.test' },
      sources: { 's3 endpoint_url': '[services home]', 'sts endpoint_url': 'profile nas' },
    })
    const ignored = await connectionOf({
      profile: 'nas',
      environment: { AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'true' },
    })
    expect(ignored).toMatchObject({ endpoint: undefined, kmsEndpoint: undefined })
  })

  it('belong to the S3 that is named by hand only where they are of KMS', async () => {
    await config('[profile nas]\nendpoint_url = https://all.test')
    const endpoint = 'https://other.test'
    expect((await connectionOf({ profile: 'nas', endpoint })).kmsEndpoint).toBeUndefined()
    const environment = { AWS_ENDPOINT_URL_S3: endpoint }
    expect((await connectionOf({ profile: 'nas', endpoint, environment })).kmsEndpoint).toBe('https://all.test')
  })
})

describe('what Coffer cannot honour is refused by name', () => {
  it.each([
    ['[profile p]\nservices = gone', /services gone/],
    ['[profile p]\ns3 =\n  signature_version = s3', /s3\.signature_version/],
    ['[profile p]\ns3 =\n  addressing_style = both', /s3\.addressing_style/],
    ['[profile p]\nuse_fips_endpoint = true\nendpoint_url = https://s3.test', /use_fips_endpoint/],
    ['[profile p]\nretry_mode = often', /retry_mode/],
    ['[profile p]\nmax_attempts = 0', /max_attempts/],
    ['[profile q]\nregion = eu-west-1', /no AWS profile p/],
  ])('%s', async (text, message) => {
    await config(text)
    await expect(connectionOf({ profile: 'p' })).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      message: expect.stringMatching(message) as string,
    })
  })
})

describe('a request goes where the AWS settings say', () => {
  const hostOf = async (text: string, bucket = 'box'): Promise<string> => {
    await config(
      `[profile p]\nregion = eu-west-1\naws_access_key_id = A\naws_secret_access_key = B\nmax_attempts = 1\n${text}`,
    )
    const clients = openClients({ ...(await connectionOf({ profile: 'p' })), patience: 1_000 })
    const asked: string[] = []
    clients.s3.middlewareStack.add(
      (next) => (args) => {
        asked.push((args.request as { hostname: string; path: string }).hostname)
        return next(args)
      },
      { step: 'finalizeRequest', priority: 'low', name: 'asked' },
    )
    const { HeadBucketCommand } = await import('@aws-sdk/client-s3')
    await clients.s3
      .send(new HeadBucketCommand({ Bucket: bucket }), { abortSignal: AbortSignal.abort() })
      .catch(() => undefined)
    clients.close()
    return asked[0] ?? ''
  }
  it.each([
    ['', 'box', 'box.s3.eu-west-1.amazonaws.com'],
    ['use_fips_endpoint = true', 'box', 'box.s3-fips.eu-west-1.amazonaws.com'],
    ['use_dualstack_endpoint = true', 'box', 'box.s3.dualstack.eu-west-1.amazonaws.com'],
    ['s3 =\n  use_accelerate_endpoint = true', 'box', 'box.s3-accelerate.amazonaws.com'],
    ['s3 =\n  addressing_style = path', 'box', 's3.eu-west-1.amazonaws.com'],
    ['', 'with.dots', 's3.eu-west-1.amazonaws.com'],
    ['', 'Old_Name', 's3.eu-west-1.amazonaws.com'],
    ['', 'files-123456789012-eu-west-1-an', 'files-123456789012-eu-west-1-an.s3.eu-west-1.amazonaws.com'],
    ['', 'arn:aws:s3:us-west-2:123456789012:accesspoint/ap', 'ap-123456789012.s3-accesspoint.us-west-2.amazonaws.com'],
  ])('%s, %s', async (text, bucket, host) => {
    expect(await hostOf(text, bucket)).toBe(host)
  })
})

describe('a bucket', () => {
  it('is named by an access point, whose key begins after its name', () => {
    const arn = 'arn:aws:s3:us-west-2:123456789012:accesspoint/ap'
    expect(parseTarget(`s3://${arn}/photos/a.jpg`)).toEqual({ bucket: arn, key: 'photos/a.jpg' })
    expect(parseTarget(`s3://${arn}`)).toEqual({ bucket: arn, key: '' })
    const outpost = 'arn:aws:s3-outposts:us-west-2:123456789012:outpost/op-01/accesspoint/ap'
    expect(parseTarget(`s3://${outpost}/k/l`)).toEqual({ bucket: outpost, key: 'k/l' })
    for (const name of [arn, outpost, 'Old_Name', 'a.b', 'ap-x1-s3alias'])
      expect(bucketName.safeParse(name).success).toBe(true)
  })
  it('that is a directory is refused by that name', () => {
    expect(bucketName.safeParse('fast--usw2-az1--x-s3').error?.issues[0]?.message).toMatch(/directory buckets/)
  })
})

describe('at a server', () => {
  const seen: { service: string; region: string; headers: IncomingHttpHeaders }[] = []
  const server = createServer((request, response) => {
    const [, region = '', service = ''] = /\/\d{8}\/([^/]+)\/([^/]+)\//.exec(request.headers.authorization ?? '') ?? []
    seen.push({ service, region, headers: request.headers })
    const arn = 'arn:aws:kms:eu-central-1:111122223333:key/1'
    const key = { Plaintext: Buffer.alloc(32).toString('base64'), CiphertextBlob: 'AAAA', KeyId: arn, KeyMetadata: {} }
    if (service === 'kms') response.end(JSON.stringify(key))
    else response.setHeader('etag', '"1"').end()
  })
  beforeEach(async () => {
    seen.length = 0
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  })
  afterEach(() => {
    server.close().closeAllConnections()
  })
  const clientsHere = async (more: object = {}) => {
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const credentials = { kind: 'keys', accessKeyId: 'A', secretAccessKey: 'B' } as const
    return openClients(await connectionOf({ endpoint, region: 'us-east-1', ...more }, credentials))
  }

  it('KMS is asked in the region of the key’s ARN', async () => {
    const clients = await clientsHere()
    const { kms } = clients
    const arn = 'arn:aws:kms:eu-central-1:111122223333:key/1'
    await generateDataKey(kms, { KeyId: arn, KeySpec: 'AES_256' }, signal)
    await send(kms, new DescribeKeyCommand({ KeyId: arn.replace('key/1', 'alias/a') }), signal)
    await generateDataKey(kms, { KeyId: 'alias/a', KeySpec: 'AES_256' }, signal)
    clients.close()
    expect(seen.map(({ region }) => region)).toEqual(['eu-central-1', 'eu-central-1', 'us-east-1'])
  })

  it('each request says whose bucket it has to be', async () => {
    const clients = await clientsHere({ expectedBucketOwner: '111122223333' })
    const { s3 } = clients
    await headObject(s3, { Bucket: 'box', Key: 'k' }, signal)
    const { HeadBucketCommand, ListBucketsCommand } = await import('@aws-sdk/client-s3')
    await send(s3, new HeadBucketCommand({ Bucket: 'box' }), signal)
    await send(s3, new ListBucketsCommand({}), signal).catch(() => undefined)
    clients.close()
    expect(seen.slice(0, 3).map(({ headers }) => headers['x-amz-expected-bucket-owner'])).toEqual([
      '111122223333',
      '111122223333',
      undefined,
    ])
  })
})

describe('a profile signs in', () => {
  const session = '[sso-session corp]\nsso_start_url = https://corp.test/start\nsso_region = '
  it.each([
    ['eu-central-1', 'https://oidc.eu-central-1.amazonaws.com'],
    ['cn-north-1', 'https://oidc.cn-north-1.amazonaws.com.cn'],
    ['us-gov-west-1', 'https://oidc.us-gov-west-1.amazonaws.com'],
    ['us-iso-east-1', 'https://oidc.us-iso-east-1.c2s.ic.gov'],
  ])('where the profile does that it takes credentials from, in %s', async (region, endpoint) => {
    await config(`[profile a]
role_arn = arn:aws:iam::1:role/A
source_profile = b
[profile b]
role_arn = arn:aws:iam::1:role/B
source_profile = c
[profile c]
sso_session = corp
sso_account_id = 111122223333
sso_role_name = R
${session}${region}`)
    expect(await ssoSession('a')).toMatchObject({ endpoint, region, tokenName: 'corp' })
  })
  it('nowhere, where it goes round in a circle', async () => {
    await config('[profile a]\nsource_profile = b\n[profile b]\nsource_profile = a')
    await expect(ssoSession('a')).rejects.toMatchObject({ code: 'INVALID_INPUT' })
  })
})
