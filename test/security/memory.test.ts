import { CreateKeyCommand, DecryptCommand } from '@aws-sdk/client-kms'
import { CreateBucketCommand, HeadObjectCommand } from '@aws-sdk/client-s3'
import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { cp, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ModeId } from '../../electron/base/mode-names.ts'
import { deriveContentKey } from '../../electron/envelope/derive.ts'
import { parseEnvelope } from '../../electron/envelope/parse.ts'
import { unwrapWithAes } from '../../electron/envelope/wrap-aes.ts'
import { OWNER } from '../../electron/localcloud/account.ts'
import { openMaterial } from '../../electron/localcloud/kms/core.ts'
import { createKms } from '../../electron/localcloud/kms/service.ts'
import { openKmsStore } from '../../electron/localcloud/kms/store.ts'
import { deriveKeys, type DerivedKeys } from '../../electron/localcloud/root-key.ts'
import { createDataKeys, type Envelope } from '../../electron/localcloud/sse/data-keys.ts'
import { newPerson, type Person } from '../support/coffer.ts'
import { awsEnv } from '../support/computer.ts'
import { noise } from '../support/files.ts'
import { startLocalCloud, type LocalCloud } from '../support/localcloud.ts'
import { countInMemory, whyNoMemory } from '../support/process-memory.ts'
import { start } from '../support/run.ts'
import { awsClients } from '../support/servers.ts'
import type { Deed, Orders } from './holder.ts'

/*
 * What is left in memory when the work is done, without any help from the garbage collector. SECURITY.md says what is
 * promised: raw keys are gone; their text, which JavaScript cannot overwrite, may remain for a while where it came as text.
 */

const BUCKET = 'memory'
const HOLDER = resolve('test/security/holder.ts')
const rootKey = distinctKey()
const customerKey = distinctKey()
/** Of SSE-C. */
const sentKey = distinctKey()
const rsa = generateKeyPairSync('rsa', { modulusLength: 3072 }).privateKey
const rsaSecret = rsa.export({ type: 'pkcs8', format: 'der' })

let person: Person
let server: LocalCloud
let clients: ReturnType<typeof awsClients>

/** A key whose base64 and base64url differ, so that the forms can be told apart. */
function distinctKey(): Buffer {
  for (;;) {
    const key = randomBytes(32)
    if (/\+.*\/|\/.*\+/.test(key.toString('base64'))) return key
  }
}

/** Forms of a secret. The last group of base64 may run on in another text; base64url counts where it is a form of its own. */
function forms(secret: Buffer): Record<string, Buffer> {
  const hex = secret.toString('hex')
  const [base64, base64url] = [secret.toString('base64').slice(0, 40), secret.toString('base64url').slice(0, 40)]
  const texts = { hex, HEX: hex.toUpperCase(), base64, ...(base64url === base64 ? {} : { base64url }) }
  const needles = Object.entries(texts).map(([name, text]) => [name, Buffer.from(text)])
  return { raw: secret, ...(Object.fromEntries(needles) as Record<string, Buffer>) }
}

/** None of its forms but the one in which it came as text. */
function expectGone(counts: Record<string, number>): void {
  expect(counts).toEqual({ ...Object.fromEntries(Object.keys(counts).map((form) => [form, 0])), base64: counts.base64 })
}

interface Held {
  pid: number
  told: unknown[]
  end(): Promise<void>
}

async function hold(deeds: Deed[]): Promise<Held> {
  const { endpoint, accessKeyId, secretAccessKey } = server
  const orders: Orders = { endpoint, bucket: BUCKET, deeds }
  const env = { ...person.env, ...awsEnv(endpoint, endpoint, 'us-east-1', accessKeyId, secretAccessKey) }
  const args = ['--disable-warning=ExperimentalWarning', HOLDER, JSON.stringify(orders)]
  const { child, ended } = start(process.execPath, args, { env, stdinOpen: true })
  if (!child.stdout || !child.stdin) throw new Error('The holder has no pipes')
  const first = once(createInterface({ input: child.stdout }), 'line').then(([line]) => String(line))
  const line = await Promise.race([first, ended.then(({ stderr }) => Promise.reject(new Error(stderr)))])
  const stdin = child.stdin
  return {
    pid: child.pid ?? 0,
    told: JSON.parse(line) as unknown[],
    async end() {
      stdin.end()
      await ended
    },
  }
}

/** Counts in a holder, once it has been shown that its memory is seen at all. */
function countIn<Name extends string>({ pid }: Held, needles: Record<Name, Buffer>): Record<Name, number> {
  const control = createHash('sha256').update(`control ${pid}`).digest()
  const { control: seen, ...counts } = countInMemory(pid, { ...needles, control })
  expect(seen, 'what is held on to is found').toBeGreaterThan(0)
  return counts as Record<Name, number>
}

async function envelopeOf(key: string) {
  const head = await clients.s3.send(new HeadObjectCommand({ Bucket: BUCKET, Key: key }))
  const envelope = parseEnvelope(head.Metadata ?? {})
  if (envelope === null) throw new Error(`${key} has no envelope`)
  return envelope
}

describe.skipIf(whyNoMemory())(`memory ${whyNoMemory() ?? ''}`, () => {
  const file = (name: string) => join(person.folder, name)

  beforeAll(async () => {
    person = await newPerson()
    server = await startLocalCloud({ rootKey: rootKey.toString('base64') })
    const { endpoint, accessKeyId, secretAccessKey } = server
    clients = awsClients(awsEnv(endpoint, endpoint, 'us-east-1', accessKeyId, secretAccessKey))
    await clients.s3.send(new CreateBucketCommand({ Bucket: BUCKET }))
    await writeFile(file('plain'), noise(300_000, 'memory'))
    await writeFile(file('customer.key'), customerKey)
    await writeFile(file('rsa.pem'), rsa.export({ type: 'pkcs8', format: 'pem' }))
    await person.done(['key', 'import', file('customer.key'), '--name', 'mine'])
    await writeFile(file('sent.key'), sentKey)
    await person.done(['key', 'import', file('sent.key'), '--name', 'sent', '--purpose', 'sse-c'])
    await person.done(['key', 'import', file('rsa.pem'), '--name', 'pair'])
  })
  afterAll(async () => {
    await server.stop()
    await person.remove()
  })

  /** Puts and gets one object, and leaves the process that did it. */
  const thereAndBack = (key: string, mode: ModeId, options: object) =>
    hold([
      { do: 'put', path: file('plain'), key, mode, options },
      { do: 'get', path: file(`${key}.back`), key, options: {} },
    ])

  it.each(['v3', 'v2'] as const)(
    'CSE-C (%s): neither the customer key nor the data keys are left raw',
    async (format) => {
      const held = await thereAndBack(`cse-c-${format}`, 'cse-c', { key: 'mine', format })
      const envelope = await envelopeOf(`cse-c-${format}`)
      const dataKey = unwrapWithAes(envelope, customerKey)
      if (dataKey === null) throw new Error('The data key does not open')
      const { content } = envelope
      const contentKey = content.cipher === 'gcm-committed' ? deriveContentKey(dataKey, content.messageId) : dataKey
      const counts = countIn(held, forms(customerKey))
      const keys = countIn(held, { data: dataKey, content: contentKey, text: Buffer.from(dataKey.toString('base64')) })
      await held.end()
      expectGone(counts)
      expect(keys).toEqual({ data: 0, content: 0, text: 0 })
    },
  )

  it('CSE-C under an RSA pair: the private key is left in no buffer', async () => {
    const held = await thereAndBack('rsa', 'cse-c', { key: 'pair' })
    const counts = countIn(held, forms(rsaSecret))
    await held.end()
    expectGone(counts)
  })

  it('CSE-KMS: the data key that KMS gave is not left raw', async () => {
    const { KeyId } = (await createKey()) ?? {}
    const held = await thereAndBack('cse-kms', 'cse-kms', { key: KeyId })
    const { wrapped } = await envelopeOf('cse-kms')
    const command = new DecryptCommand({ CiphertextBlob: wrapped.bytes, EncryptionContext: wrapped.description })
    const dataKey = Buffer.from((await clients.kms.send(command)).Plaintext ?? [])
    expect(dataKey).toHaveLength(32)
    const counts = countIn(held, forms(dataKey))
    await held.end()
    expectGone(counts)
  })

  it('SSE-C: the customer key is not left raw, by neither side', async () => {
    const held = await thereAndBack('sse-c', 'sse-c', { key: 'sent' })
    const here = countIn(held, forms(sentKey))
    const there = countInMemory(server.pid, forms(sentKey))
    await held.end()
    expectGone(here)
    expectGone(there)
  })

  it('a write that is given up leaves no data key behind', async () => {
    const held = await hold([{ do: 'abandon', name: 'mine' }])
    const envelope = parseEnvelope(held.told[0] as Record<string, string>)
    const dataKey = envelope && unwrapWithAes(envelope, customerKey)
    if (!dataKey) throw new Error('The data key does not open')
    const counts = countIn(held, forms(dataKey))
    await held.end()
    expectGone(counts)
    expect(counts.base64).toBe(0)
  })

  it('deriving from a key leaves no copy of it', async () => {
    const material = distinctKey()
    await writeFile(file('material'), material)
    const held = await hold([{ do: 'derive', path: file('material') }])
    const counts = countIn(held, forms(material))
    await held.end()
    expectGone(counts)
    expect(counts.base64).toBe(0)
  })

  it('a key that is imported is not left raw', async () => {
    const keys = { raw: distinctKey(), text: distinctKey() }
    await writeFile(file('raw.key'), keys.raw)
    await writeFile(file('text.key'), `${keys.text.toString('base64')}\n`)
    const held = await hold([
      { do: 'import', name: 'raw', path: file('raw.key') },
      { do: 'import', name: 'text', path: file('text.key') },
    ])
    const counts = [countIn(held, forms(keys.raw)), countIn(held, forms(keys.text))]
    await held.end()
    for (const count of counts) expectGone(count)
  })

  it("This computer holds the keys that its root key yields, and no object's, no KMS key's, and not the root key", async () => {
    const { KeyId } = (await createKey()) ?? {}
    for (const mode of ['sse-s3', 'sse-kms', 'sse-c'] as const) {
      const options = mode === 'sse-kms' ? { key: KeyId } : mode === 'sse-c' ? { key: 'sent' } : {}
      await (await thereAndBack(`server-${mode}`, mode, options)).end()
    }
    const masters = deriveKeys(Buffer.from(rootKey), server.dataDir)
    if (masters === null) throw new Error('The root key is another')
    const { materials, dataKeys } = await secretsOf(masters)
    expectGone(countInMemory(server.pid, forms(rootKey)))
    expect(countInMemory(server.pid, { ...masters })).toEqual({
      s3Master: 1,
      kmsWrapping: 1,
      principalsWrapping: 1,
      indexLog: 1,
      description: 1,
    })
    const lost = [...materials, ...dataKeys].map((secret) => countInMemory(server.pid, forms(secret)))
    expect(lost.length).toBeGreaterThan(5)
    for (const count of lost) expectGone(count)
  })

  async function createKey() {
    return (await clients.kms.send(new CreateKeyCommand({}))).KeyMetadata
  }

  /** Every key that rests wrapped on disk, opened as the server does, from a copy: the server is at work. */
  async function secretsOf(masters: DerivedKeys) {
    const dataDir = file('copy')
    await cp(server.dataDir, dataDir, { recursive: true })
    const options = { wrappingKey: masters.kmsWrapping, now: Date.now, principalExists: () => true }
    const store = openKmsStore(dataDir, masters.kmsWrapping)
    const materials = store
      .keys()
      .flatMap(({ id }) =>
        store.materials(id).map(({ version }) => openMaterial({ store, ...options }, id, version)?.key),
      )
      .filter((key) => key !== undefined)
    store.close()
    const kms = createKms({ dataDir, ...options })
    const opener = createDataKeys(masters.s3Master, kms.port)
    const database = new DatabaseSync(join(dataDir, 's3.db'), { readOnly: true })
    const rows = database.prepare('SELECT object, envelope FROM versions').all()
    const dataKeys = rows.flatMap(({ object, envelope }) =>
      opener.open(JSON.parse(String(envelope)) as Envelope, String(object), { principal: OWNER, customerKey: sentKey }),
    )
    database.close()
    kms.close()
    return { materials, dataKeys }
  }
})
