import { CreateBucketCommand } from '@aws-sdk/client-s3'
import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Row } from '../support/coffer.ts'
import { fileHash, filesBelow, noise, writeFiles } from '../support/files.ts'
import { stageComputer, stageMoto } from '../support/servers.ts'
import type { Stage } from '../support/servers.ts'
import { CLIENTS } from './clients.ts'
import type { Client } from './clients.ts'
import type { Answer, Driver, Format, Keyring, KeyringKind, Order, Server } from './driver.ts'
import { CONTEXTS, FORMATS, KEYRINGS, SIZES, isWeak, newSeries, seriesOf } from './matrix.ts'
import type { FileName, Series } from './matrix.ts'
import { newTable } from './table.ts'
import type { Cell, Direction } from './table.ts'

const BUCKET = 'interop'
const SERVERS = { 'This computer': stageComputer, moto: stageMoto }

const contents = Object.fromEntries(Object.entries(SIZES).map(([name, size]) => [name, noise(size, `interop ${name}`)]))
const hashes = Object.fromEntries(Object.entries(contents).map(([name, bytes]) => [name, sha256(bytes)]))

const started = await Promise.all(CLIENTS.map((client) => startClient(client)))
const table = newTable()

afterAll(async () => {
  for (const { driver } of started) await driver?.stop()
  for (const [index, { name }] of CLIENTS.entries()) {
    const missing = started[index]?.missing
    if (missing !== undefined) table.note(`${name} is skipped: ${missing}.`)
  }
  console.log(table.text(CLIENTS, Object.keys(SERVERS)))
})

describe.each(Object.entries(SERVERS))('on %s', (server, stageServer) => {
  let stage: Stage
  let login: Server
  let files: string
  const keyrings: Partial<Record<KeyringKind, Keyring>> = {}
  /** What `coffer put --key` calls them. */
  const keyNames: Record<KeyringKind, string> = { kms: '', aes: 'aes', rsa: 'rsa' }

  beforeAll(async () => {
    stage = await stageServer()
    login = loginTo(stage)
    files = join(stage.person.folder, 'files')
    await writeFiles(files, contents)
    await stage.s3.send(new CreateBucketCommand({ Bucket: BUCKET }))
    keyrings.aes = { kind: 'aes', key: randomBytes(32).toString('base64') }
    keyrings.rsa = { kind: 'rsa', key: generateKeyPairSync('rsa', RSA).privateKey }
    for (const { kind, key } of [keyrings.aes, keyrings.rsa]) {
      await writeFile(join(stage.person.folder, kind), key)
      await stage.person.done(['key', 'import', kind, '--name', kind])
    }
    const [kms] = await stage.person.done(['kms', 'create', ...stage.options])
    keyrings.kms = { kind: 'kms', key: kms?.arn ?? '' }
    keyNames.kms = kms?.keyId ?? ''
    for (const series of OWN) await putSeries(series)
  })
  afterAll(() => stage.close())

  /** Coffer's own objects. */
  const putSeries = ({ folder, format, keyring, context, files: names }: Series): Promise<Row[]> => {
    const mode = keyring === 'kms' ? ['--mode', 'cse-kms', ...contextFlags(context)] : ['--mode', 'cse-c', '--no-kit']
    const choice = [...mode, '--key', keyNames[keyring], '--format', format]
    const target = `s3://${BUCKET}/coffer/${folder}/`
    return stage.person.done(['put', ...names, target, ...choice, ...stage.options], { cwd: files })
  }

  const orderOf = (series: Series, key: string): Omit<Order, 'op'> => {
    const keyring = keyrings[series.keyring]
    if (keyring === undefined) throw new Error('the keys are not made yet')
    const pairs = CONTEXTS[series.context]
    const { format, place } = series
    const order = { server: login, bucket: BUCKET, key, format, place, keyring }
    if (pairs === undefined) return order
    return series.keyring === 'kms' ? { ...order, context: pairs } : { ...order, description: pairs }
  }

  describe.each(CLIENTS.map((client, index) => ({ ...client, ...started[index] })))('$name', (client) => {
    const { driver, missing } = client
    const cell = ({ format, keyring }: Pick<Series, 'format' | 'keyring'>, direction: Direction): Cell => ({
      client,
      format,
      keyring,
      direction,
      server,
    })
    const tried = it.skipIf(driver === undefined)
    const because = missing === undefined ? '' : `, skipped: ${missing}`

    tried(`what it writes, Coffer reads${because}`, async () => {
      if (driver === undefined) return
      const wanted = await writeAll(driver)
      const got = await readByCoffer()
      for (const { series, file, answer } of wanted) {
        const problem = 'error' in answer ? answer.error : differs(got.get(keyOf(client, series, file)), series, file)
        table.count(cell(series, 'Coffer reads'), problem === null, `${series.folder}/${file}: ${problem ?? ''}`)
      }
      expect(table.failures({ client, server, direction: 'Coffer reads' })).toEqual([])
    })

    const writeAll = async (driver: Driver): Promise<{ series: Series; file: FileName; answer: Answer }[]> => {
      const written = []
      for (const series of seriesOf(client))
        for (const file of series.files) {
          const multipart = file === 'parts' && client.multipart
          const order = { ...orderOf(series, keyOf(client, series, file)), file: join(files, file), multipart }
          written.push({ series, file, answer: await driver.ask({ op: 'put', ...order }) })
        }
      return written
    }

    /** What arrived, by object key; weaker formats are read by consent. */
    const readByCoffer = async (): Promise<Map<string, Got>> => {
      const got = new Map<string, Got>()
      for (const [group, consent] of [
        ['sound', []],
        ['weak', ['--allow-legacy']],
      ] as const) {
        if (group === 'weak' && !seriesOf(client).some(isWeak)) continue
        const source = `s3://${BUCKET}/${client.id}/${group}/`
        const { rows } = await stage.person.coffer([
          'get',
          source,
          `${client.id}/${group}/`,
          ...consent,
          ...stage.options,
        ])
        for (const row of rows)
          got.set(row.key, { row, sha256: await fileHash(resolve(stage.person.folder, row.path)) })
      }
      return got
    }

    tried(`its encryption context is asked for and another is refused${because}`, async () => {
      const { person, options } = stage
      for (const format of client.formats) {
        const context = client.asciiMetadata === null ? 'unicode' : 'ascii'
        const folder = `s3://${BUCKET}/${client.id}/sound/${format}-kms-${context}-metadata/`
        const verified = await person.done(['verify', folder, ...contextFlags(context), ...options])
        expect(verified.map(({ proof }) => proof)).toEqual(['tag', 'tag', 'tag', 'tag'])
        const refused = await person.coffer(['get', folder, 'refused/', '--context', 'purpose=other', ...options])
        expect(refused.error?.code).toBe('ENVELOPE_INVALID')
        expect(refused.rows).toEqual([])
      }
      expect(await filesBelow(join(person.folder, 'refused')).catch(() => [])).toEqual([])
    })

    // Only what a client can do is a test of its own; what it cannot is told below the table.
    if (client.places.includes('instruction'))
      tried(`its V2 objects with an instruction file are read by consent only${because}`, async () => {
        const { person, options } = stage
        const source = `s3://${BUCKET}/${client.id}/weak/v2-aes-none-instruction/mib`
        const refused = await person.coffer(['get', source, 'weak', '--key', 'aes', ...options])
        expect(refused.error?.code).toBe('LEGACY_NOT_ALLOWED')
        expect(await filesBelow(person.folder)).not.toContain('weak')
      })

    tried(`what Coffer writes, it reads${because}`, async () => {
      if (driver === undefined) return
      for (const series of OWN.filter((each) => canRead(client, each)))
        for (const file of series.files) {
          const answer = await driver.ask({ op: 'get', ...orderOf(series, `coffer/${series.folder}/${file}`) })
          const passed = 'sha256' in answer && answer.sha256 === hashes[file]
          const problem = 'error' in answer ? answer.error : 'other content'
          table.count(cell(series, 'reads Coffer'), passed, `${series.folder}/${file}: ${problem}`)
        }
      expect(table.failures({ client, server, direction: 'reads Coffer' })).toEqual([])
    })

    tried(`what it cannot do it refuses, in both directions${because}`, async () => {
      if (driver === undefined) return
      for (const format of FORMATS)
        for (const keyring of KEYRINGS) {
          const why = unsupported(client, format, keyring)
          if (why === null) continue
          const [series] = OWN.filter((each) => each.format === format && each.keyring === keyring)
          if (series === undefined) throw new Error('Coffer writes no such object')
          const answer = await driver.ask({ op: 'get', ...orderOf(series, `coffer/${series.folder}/mib`) })
          expect(answer).toHaveProperty('error')
          for (const direction of ['Coffer reads', 'reads Coffer'] as const)
            table.unsupported(cell({ format, keyring }, direction), why)
        }
    })

    // Moto checks no signatures.
    const { asciiMetadata } = client
    if (asciiMetadata !== null && server !== 'moto')
      tried(`a context that is not ASCII is refused in metadata: it ${asciiMetadata}${because}`, async () => {
        for (const format of client.formats) {
          const series = newSeries({ format, keyring: 'kms', context: 'unicode', place: 'metadata' }, false)
          const order = { ...orderOf(series, 'refused'), file: join(files, 'one') }
          expect(await driver?.ask({ op: 'put', ...order })).toHaveProperty('error')
        }
        table.note(`${client.name} ${asciiMetadata}.`)
      })
  })
})

const RSA = {
  modulusLength: 3072,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
} as const

/** What Coffer writes: every format and keyring, and with KMS every context. Its materials description is its own. */
const OWN = seriesOf({ formats: FORMATS, keyrings: KEYRINGS, places: ['metadata'], asciiMetadata: null }).filter(
  ({ keyring, context }) => keyring === 'kms' || context === 'unicode',
)

interface Got {
  row: Row
  sha256: string
}

async function startClient(client: Client): Promise<{ driver?: Driver; missing?: string }> {
  try {
    return { driver: await client.start() }
  } catch (error) {
    if (process.env['CI'] !== undefined) throw error
    const missing = error instanceof Error ? error.message : String(error)
    return { missing }
  }
}

function loginTo({ name, awsEnv }: Stage): Server {
  return {
    s3: awsEnv['AWS_ENDPOINT_URL_S3'] ?? '',
    kms: awsEnv['AWS_ENDPOINT_URL_KMS'] ?? '',
    region: awsEnv['AWS_REGION'] ?? '',
    accessKeyId: awsEnv['AWS_ACCESS_KEY_ID'] ?? '',
    secretAccessKey: awsEnv['AWS_SECRET_ACCESS_KEY'] ?? '',
    expectContinue: name !== 'moto',
  }
}

function keyOf(client: Client, series: Series, file: FileName): string {
  return `${client.id}/${isWeak(series) ? 'weak' : 'sound'}/${series.folder}/${file}`
}

function contextFlags(context: string): string[] {
  return Object.entries(CONTEXTS[context] ?? {}).flatMap(([name, value]) => ['--context', `${name}=${value}`])
}

/** What is wrong with an object that Coffer read; null if nothing is. */
function differs(got: Got | undefined, { format, keyring }: Series, file: FileName): string | null {
  if (got === undefined) return 'Coffer did not read it'
  if (got.sha256 !== hashes[file]) return 'it came back changed'
  const mode = keyring === 'kms' ? 'cse-kms' : 'cse-c'
  const { row } = got
  return row.mode === mode && row.format === format ? null : `Coffer takes it for ${row.mode} ${row.format}`
}

/** Only a client that refuses such a context itself cannot read it: Coffer writes all metadata in ASCII. */
function canRead(client: Client, { format, keyring, context }: Series): boolean {
  return unsupported(client, format, keyring) === null && !(client.id === 'python4' && context === 'unicode')
}

function unsupported({ formats, keyrings, name }: Client, format: Format, keyring: KeyringKind): string | null {
  if (!formats.includes(format)) return `${name} knows the V2 format only, and says no to Coffer's V3 objects`
  return keyrings.includes(keyring) ? null : `${name} has a KMS keyring only, and says no to raw keys`
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}
