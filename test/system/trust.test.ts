import { afterAll, beforeAll, expect, test } from 'vitest'
import { newPerson, type Person } from '../support/coffer.ts'
import { writeFiles } from '../support/files.ts'
import { startLocalCloud, type LocalCloud } from '../support/localcloud.ts'
import { tlsFront, type TlsFront } from '../support/tls-front.ts'

let person: Person
let cloud: LocalCloud
let front: TlsFront

beforeAll(async () => {
  cloud = await startLocalCloud()
  person = await newPerson({
    AWS_ACCESS_KEY_ID: cloud.accessKeyId,
    AWS_SECRET_ACCESS_KEY: cloud.secretAccessKey,
    AWS_CA_BUNDLE: undefined,
    NODE_EXTRA_CA_CERTS: undefined,
    SSL_CERT_FILE: undefined,
    SSL_CERT_DIR: undefined,
  })
  front = await tlsFront(cloud.endpoint, person.folder)
})
afterAll(async () => {
  await front.close()
  await cloud.stop()
  await person.remove()
})

const list = (): string[] => ['ls', '--endpoint-url', front.url, '--region', 'us-east-1']

test('an authority that nobody named is not trusted', async () => {
  const { code, error } = await person.coffer(list())
  expect([code, error?.code]).toEqual([7, 'TLS'])
})

test('a run of many says so once, and begins nothing else', async () => {
  const files = Object.fromEntries(Array.from({ length: 200 }, (_, at) => [`many/${at}.bin`, Buffer.from('a file')]))
  await writeFiles(person.folder, files)
  const where = ['--endpoint-url', front.url, '--region', 'us-east-1']
  const { code, stderr } = await person.coffer(['put', 'many', 's3://bucket/many/', '--mode', 'sse-s3', ...where])
  expect(code).toBe(7)
  expect(stderr.match(/signed by nobody/g)).toHaveLength(1)
  expect(stderr).toContain('--ca-bundle')
  expect(stderr).toContain('{"stopped":199}')
})

test.each(['AWS_CA_BUNDLE', 'NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE'])(
  "one that %s names is, as is the system's own",
  async (name) => {
    await person.done(list(), { env: { [name]: front.caFile } })
  },
)

test('a private bundle takes nothing from what the runtime trusts', async () => {
  const env = { NODE_EXTRA_CA_CERTS: front.caFile, AWS_CA_BUNDLE: '/etc/ssl/certs/ca-certificates.crt' }
  await person.done(list(), { env })
})
