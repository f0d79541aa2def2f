import { CreateBucketCommand, ListBucketsCommand } from '@aws-sdk/client-s3'
import { ListKeysCommand } from '@aws-sdk/client-kms'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, onTestFinished, test, vi } from 'vitest'
import { openCoffer } from '../../electron/compose.ts'
import { requireKeyring } from './keys/keyring.ts'
import { testFolder } from './store/folder.ts'

beforeAll(requireKeyring)

async function testCoffer(home = testFolder()) {
  const coffer = await openCoffer({ home, env: {} })
  onTestFinished(async () => {
    await coffer.localCloud.stop()
    await coffer.close()
  })
  return coffer
}

test('This computer is the place where none is named, and starts by itself', async () => {
  const coffer = await testCoffer()
  vi.stubEnv('AWS_ENDPOINT_URL', 'http://127.0.0.1:1')
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIAELSEWHERE0000000')
  onTestFinished(() => void vi.unstubAllEnvs())
  using vault = await coffer.openVault()
  expect(vault).toMatchObject({ place: 'local', makesBuckets: true })
  await vault.s3.send(new CreateBucketCommand({ Bucket: 'first' }))
  using again = await coffer.openVault('This computer')
  const { Buckets } = await again.s3.send(new ListBucketsCommand({}))
  expect(Buckets?.map(({ Name }) => Name)).toEqual(['first'])
  expect((await again.kms.send(new ListKeysCommand({}))).Keys).toBeDefined()
})

test('its keys are the same after a restart, and in no file of the folder', async () => {
  const home = testFolder()
  const first = await testCoffer(home)
  const { credentials } = await first.localCloud.ensure()
  await first.localCloud.stop()
  const second = await testCoffer(home)
  expect((await second.localCloud.ensure()).credentials).toEqual(credentials)
  for (const entry of readdirSync(home, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const content = readFileSync(join(entry.parentPath, entry.name))
    expect(content.includes(credentials.secretAccessKey)).toBe(false)
  }
})

test('a place is opened by its name, or as the default one', async () => {
  const coffer = await testCoffer()
  const connection = { endpoint: 'https://minio.test', region: 'eu-1' }
  const { id } = await coffer.places.add({ name: 'Minio', connection, credentials: { kind: 'default' } })
  using named = await coffer.openVault('minio')
  expect(named).toMatchObject({ place: id, makesBuckets: false })
  expect(await named.s3.config.region()).toBe('eu-1')
  coffer.settings.set('defaultPlace', id)
  using usual = await coffer.openVault()
  expect(usual.place).toBe(id)
  for (const place of ['minio', '']) {
    const paid = { place, requestPayer: 'requester' as const }
    using payer = await coffer.openVault(paid)
    expect(payer.place).toBe(id)
    expect(await coffer.placeId(paid)).toBe(id)
  }
  await expect(coffer.openVault('nowhere')).rejects.toMatchObject({ code: 'PLACE_NOT_FOUND' })
})

test('a connection that is used once is remembered by its endpoint and stored nowhere', async () => {
  const coffer = await testCoffer()
  using vault = await coffer.openVault({ endpoint: 'https://minio.test' })
  expect(vault).toMatchObject({ place: 'https://minio.test', makesBuckets: false })
  using amazon = await coffer.openVault({ region: 'eu-west-1' })
  expect(amazon.place).toBe('aws')
  expect(await coffer.places.list()).toHaveLength(1)
})
