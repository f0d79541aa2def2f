import { randomBytes } from 'node:crypto'
import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { connectionOf } from '../../../electron/cloud/choice.ts'
import { openPlaces } from '../../../electron/cloud/places.ts'
import { openSealedFile } from '../../../electron/keys/sealed-file.ts'
import { openCatalog } from '../../../electron/store/catalog.ts'
import { openDatabase } from '../../../electron/store/database.ts'
import { openPlaceTable } from '../../../electron/store/places.ts'
import { testFolder } from '../store/folder.ts'

function awsConfig(text: string): void {
  const folder = testFolder()
  writeFileSync(join(folder, 'config'), text)
  writeFileSync(join(folder, 'credentials'), '')
  vi.stubEnv('AWS_CONFIG_FILE', join(folder, 'config'))
  vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', join(folder, 'credentials'))
  vi.stubEnv('AWS_PROFILE', undefined)
  onTestFinished(() => void vi.unstubAllEnvs())
}

async function testPlaces(folder = testFolder()) {
  awsConfig('')
  const db = openDatabase(folder)
  onTestFinished(() => db.close())
  const file = openSealedFile(join(folder, 'keys.age'), () => Promise.resolve('a passphrase'))
  await file.create()
  const catalog = openCatalog(db)
  return { places: openPlaces(openPlaceTable(db), catalog, () => Promise.resolve(file)), catalog, file, folder }
}

describe('a place', () => {
  test('with access keys keeps them among the secrets and gives them back to connect', async () => {
    const { places, file, folder } = await testPlaces()
    const credentials = {
      kind: 'keys' as const,
      accessKeyId: 'AKIATESTTESTTESTTEST',
      secretAccessKey: randomBytes(30).toString('base64'),
    }
    const added = await places.add({ name: ' Minio ', connection: { endpoint: 'https://minio.test' }, credentials })
    expect(added).toMatchObject({ name: 'Minio', kind: 'compatible', pathStyle: true, credentials: { kind: 'keys' } })
    expect(places.find('minio')).toEqual(added)
    expect((await places.list()).map(({ id }) => id)).toEqual(['local', added.id])
    expect(await places.connection(added)).toMatchObject({ endpoint: 'https://minio.test', credentials })
    for (const name of readdirSync(folder)) {
      const content = readFileSync(join(folder, name))
      for (const part of [credentials.accessKeyId, credentials.secretAccessKey])
        expect(content.includes(part)).toBe(false)
    }
    await places.remove('Minio')
    expect(await file.get(`place/${added.id}`)).toBeNull()
    expect(() => places.find('minio')).toThrow(expect.objectContaining({ code: 'PLACE_NOT_FOUND' }) as Error)
  })

  test('that the person pays for is paid for each time', async () => {
    const { places } = await testPlaces()
    const connection = { requestPayer: 'requester' as const }
    await places.add({ name: 'data', connection, credentials: { kind: 'default' } })
    expect(await places.connection(places.find('data'))).toMatchObject(connection)
  })

  test('takes what is known of its objects with it', async () => {
    const { places, catalog } = await testPlaces()
    const { id } = await places.add({ name: 'work', connection: {}, credentials: { kind: 'profile', profile: 'work' } })
    const object = {
      bucket: 'b',
      key: 'k',
      etag: 'e',
      size: 1,
      mode: 'sse-s3',
      keyId: undefined,
      format: undefined,
    } as const
    catalog.remember({ ...object, place: id })
    await places.remove(id)
    expect(catalog.recall(id, 'b', 'k')).toBeNull()
  })

  test('has a name that no other has; This computer is always there', async () => {
    const { places } = await testPlaces()
    const add = (name: string) => places.add({ name, connection: {}, credentials: { kind: 'default' } })
    await add('a')
    for (const name of ['A', 'local', 'this computer']) {
      await expect(add(name)).rejects.toMatchObject({ code: 'ALREADY_EXISTS' })
    }
    await expect(add(' ')).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    await expect(places.remove('local')).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    await expect(places.remove('nowhere')).rejects.toMatchObject({ code: 'PLACE_NOT_FOUND' })
    expect(places.find('This Computer').kind).toBe('local')
  })
})

describe('what is not said of a server', () => {
  test('comes from the profile, as in the AWS CLI', async () => {
    awsConfig('[profile work]\nregion = eu-west-1\nendpoint_url = https://s3.work.test\nca_bundle = /work.pem\n')
    expect(await connectionOf({ profile: 'work' })).toMatchObject({
      endpoint: 'https://s3.work.test',
      kmsEndpoint: 'https://s3.work.test',
      region: 'eu-west-1',
      pathStyle: true,
      caBundle: '/work.pem',
      checksums: 'when-required',
      credentials: { kind: 'profile', profile: 'work' },
    })
    const said = { region: 'us-west-2', endpoint: 'https://other.test', caBundle: '/other.pem' }
    expect(await connectionOf({ ...said, profile: 'work' })).toMatchObject({ ...said, kmsEndpoint: undefined })
  })

  test('is Amazon in us-east-1, with every checksum and virtual hosts', async () => {
    awsConfig('')
    expect(await connectionOf({})).toMatchObject({
      endpoint: undefined,
      kmsEndpoint: undefined,
      region: 'us-east-1',
      pathStyle: false,
      caBundle: undefined,
      checksums: 'when-supported',
      credentials: { kind: 'default' },
    })
  })

  test('an endpoint of Amazon’s own is Amazon; one that only looks so is not', async () => {
    awsConfig('')
    const styleOf = async (endpoint: string) => (await connectionOf({ endpoint })).pathStyle
    expect(await styleOf('https://s3.eu-west-1.amazonaws.com')).toBe(false)
    expect(await styleOf('https://s3.cn-north-1.amazonaws.com.cn')).toBe(false)
    expect(await styleOf('https://amazonaws.com.evil.test')).toBe(true)
    expect(await styleOf('http://127.0.0.1:9000')).toBe(true)
  })
})
