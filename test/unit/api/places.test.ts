import { once } from 'node:events'
import { existsSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createInProcessClient } from '../../../electron/api/router.ts'
import { openCoffer } from '../../../electron/compose.ts'
import { testFolder } from '../store/folder.ts'

const KEYS = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' }

const BUCKETS = '<ListAllMyBucketsResult><Owner><ID>1</ID></Owner><Buckets></Buckets></ListAllMyBucketsResult>'
const REFUSAL = '<Error><Code>InvalidAccessKeyId</Code><Message>No such key.</Message></Error>'
const DENIED = '<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>'

/** Coffer over a new folder; its secrets are in a sealed file, which is made when the first one is stored. */
async function person() {
  const home = testFolder()
  const passphrase = join(testFolder(), 'passphrase')
  writeFileSync(passphrase, 'correct horse battery staple', { mode: 0o600 })
  const coffer = await openCoffer({ home, env: { COFFER_PASSPHRASE_FILE: passphrase } })
  onTestFinished(() => coffer.close())
  const client = createInProcessClient(coffer)
  return {
    client,
    names: async () => (await client.places.list({})).map(({ name }) => name),
    hasSecrets: () => existsSync(join(home, 'keys.age')),
  }
}

/** An S3 that answers each request with the status for its path; KMS (POST) is refused. Lists the requests it got. */
async function server(statusOf: (path: string) => number) {
  const seen: string[] = []
  const http = createServer((request, answer) => {
    const path = (request.url ?? '').split('?')[0] ?? ''
    seen.push(`${request.method ?? ''} ${path}`)
    const status = request.method === 'POST' ? 501 : statusOf(path)
    answer.writeHead(status, { 'content-type': 'application/xml' })
    answer.end(request.method === 'HEAD' ? undefined : status === 200 ? BUCKETS : path === '/' ? REFUSAL : DENIED)
  }).listen(0, '127.0.0.1')
  await once(http, 'listening')
  onTestFinished(() => {
    http.closeAllConnections()
    http.close()
  })
  return { endpoint: `http://127.0.0.1:${(http.address() as AddressInfo).port}`, seen }
}

test('a place whose server refuses the keys is not stored, and neither are its keys', async () => {
  const { client, names, hasSecrets } = await person()
  const { endpoint } = await server(() => 403)
  await expect(client.places.add({ name: 'nas', connection: { endpoint }, keys: KEYS })).rejects.toMatchObject({
    code: 'BAD_CREDENTIALS',
    facts: { place: 'not-stored' },
  })
  expect(await names()).toEqual(['This computer'])
  expect(hasSecrets()).toBe(false)
})

test('a place that cannot be reached is not stored, and neither are its keys', async () => {
  const { client, names, hasSecrets } = await person()
  const closed = { endpoint: 'http://127.0.0.1:9' }
  await expect(client.places.add({ name: 'nas', connection: closed, keys: KEYS })).rejects.toMatchObject({
    code: 'NETWORK',
    facts: { place: 'not-stored' },
  })
  expect(await names()).toEqual(['This computer'])
  expect(hasSecrets()).toBe(false)
})

test('a place whose S3 answers is stored with its keys, also without a KMS', async () => {
  const { client, names, hasSecrets } = await person()
  const { endpoint, seen } = await server(() => 200)
  const place = { name: 'nas', connection: { endpoint }, keys: KEYS }
  await client.places.add(place)
  expect(await names()).toEqual(['This computer', 'nas'])
  expect(hasSecrets()).toBe(true)
  // A name that is taken is refused before the server is asked.
  await expect(client.places.add(place)).rejects.toMatchObject({ code: 'ALREADY_EXISTS', facts: {} })
  expect(seen).toEqual(['GET /'])
})

test('keys that may see one bucket only are tried with that bucket', async () => {
  const { client, names } = await person()
  const { endpoint } = await server((path) => (path.startsWith('/reports') ? 200 : 403))
  const place = { name: 'team', connection: { endpoint }, keys: KEYS }
  await expect(client.places.add(place)).rejects.toMatchObject({ code: 'BAD_CREDENTIALS' })
  await expect(client.places.add({ ...place, bucket: 'others' })).rejects.toMatchObject({
    facts: { place: 'not-stored' },
  })
  expect(await names()).toEqual(['This computer'])
  await client.places.add({ ...place, bucket: 'reports' })
  expect(await names()).toEqual(['This computer', 'team'])
})

test('a place is stored as it is where the person says so, and its server hears nothing', async () => {
  const { client, names } = await person()
  const { endpoint, seen } = await server(() => 403)
  await client.places.add({ name: 'nas', connection: { endpoint }, keys: KEYS, keepAnyway: true })
  expect(await names()).toEqual(['This computer', 'nas'])
  expect(seen).toEqual([])
  const missing = client.places.add({ name: 'two', connection: { endpoint, profile: 'work' }, keepAnyway: true })
  await expect(missing).rejects.toThrow('There is no AWS profile work')
})

test('keys are tried with a connection without being stored', async () => {
  const { client, names, hasSecrets } = await person()
  const { endpoint } = await server(() => 200)
  const { ok, checks } = await client.places.test({ place: { endpoint }, keys: KEYS })
  expect(checks.map(({ action, ok }) => [action, ok])).toEqual([
    ['s3:ListBuckets', true],
    ['kms:ListKeys', false],
  ])
  expect(ok).toBe(false)
  expect(await names()).toEqual(['This computer'])
  expect(hasSecrets()).toBe(false)
  await expect(client.places.test({ place: 'local', keys: KEYS })).rejects.toMatchObject({ code: 'INVALID_INPUT' })
})
