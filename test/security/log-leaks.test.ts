import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { RPCLink } from '@orpc/client/message-port'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createClient, type CofferClient } from '../../electron/api/client.ts'
import type { EngineHears, EngineSays } from '../../electron/engine.ts'
import { temporaryFolder } from '../support/files.ts'
import { forkLikeElectron, type Forked } from '../support/forked.ts'
import { findAny, formsOf } from '../support/needles.ts'

/*
 * The desktop app's engine does and fails all that a window can ask for, with keys, passphrases, credentials, contents and names
 * that are known here; then a search for each of them through the log that it wrote.
 */

const aes = randomBytes(32)
const sent = randomBytes(32)
const passphrase = `correct horse ${randomBytes(12).toString('hex')}`
const placeSecret = randomBytes(30).toString('base64')
const accessKeyId = `AKIA${randomBytes(8).toString('hex').toUpperCase()}`
const content = randomBytes(2_000)
/** Each name is a word that is nowhere else. */
const names = {
  bucket: 'zebrabucket',
  file: 'tax-quagga.bin',
  key: 'okapikey',
  place: 'tapirplace',
  host: 'ibex.invalid',
}

let folder: Awaited<ReturnType<typeof temporaryFolder>>
let engine: Forked
let servers: Forked[] = []
let client: CofferClient
let log: string

beforeAll(async () => {
  folder = await temporaryFolder()
  log = join(folder.path, 'coffer.log')
  engine = forkLikeElectron(resolve('electron/engine.ts'), {
    ...process.env,
    COFFER_HOME: join(folder.path, 'home'),
    COFFER_ENGINE_LOG: log,
  })
  client = createClient(new RPCLink({ port: engine.postWithPort({ kind: 'window' } satisfies EngineHears) }))
  void serveThisComputer()
})
afterAll(async () => {
  await engine.end()
  for (const server of servers) await server.end()
  servers = []
  await folder.remove()
})

/** What the app's main process does when the engine asks for the server: one channel, an end for each of the two. */
async function serveThisComputer(): Promise<void> {
  await engine.hear((message) => (message as EngineSays).kind === 'fork-server')
  const server = forkLikeElectron(resolve('electron/localcloud/main.ts'))
  servers.push(server)
  const toServer = server.postWithPort(null)
  const toEngine = engine.postWithPort({ kind: 'server' } satisfies EngineHears)
  toEngine.on('message', ({ data }) => toServer.postMessage(data))
  toServer.on('message', ({ data }) => toEngine.postMessage(data))
}

async function grant(id: number, way: 'read' | 'write', path: string): Promise<void> {
  engine.post({ kind: 'grant', id, grants: [{ way, path }] } satisfies EngineHears)
  await engine.hear((message) => (message as { id?: number }).id === id)
}

/** Kinds of the events of a call that runs to its end. */
async function kindsOf(call: Promise<AsyncIterable<{ kind: string }>>): Promise<string[]> {
  const kinds: string[] = []
  for await (const { kind } of await call) kinds.push(kind)
  return kinds
}

async function codeOf(call: Promise<unknown>): Promise<unknown> {
  return call.then(
    () => 'no failure',
    (error: unknown) => (error as { code: unknown }).code,
  )
}

describe('the log of the engine', () => {
  it('is written while everything is done, and while it fails', async () => {
    const mine = join(folder.path, 'mine')
    mkdirSync(mine)
    writeFileSync(join(mine, names.file), content)
    writeFileSync(join(mine, 'aes.key'), aes)
    writeFileSync(join(mine, 'sent.key'), sent)
    await grant(1, 'read', mine)
    await grant(2, 'write', mine)
    const key = await client.keys.import({ name: names.key, purpose: 'cse', from: { path: join(mine, 'aes.key') } })
    const other = await client.keys.import({ name: 'sent', purpose: 'sse-c', from: { path: join(mine, 'sent.key') } })
    const { bucket } = names
    await client.buckets.create({ place: 'local', bucket })
    const kms = await client.kms.create({ place: 'local', description: names.key })
    const keys = { 'sse-s3': undefined, 'sse-kms': kms.keyId, 'sse-c': other.id, 'cse-kms': kms.keyId, 'cse-c': key.id }
    for (const [mode, keyId] of Object.entries(keys)) {
      const at = { place: 'local', bucket, key: `${mode}-${names.file}` }
      const options = keyId === undefined ? {} : { key: keyId }
      const paths = [join(mine, names.file)]
      const put = client.objects.put({ ...at, paths, mode: mode as keyof typeof keys, options, acceptNoKit: true })
      expect(await kindsOf(put), mode).toContain('file-done')
      expect(await kindsOf(client.objects.get({ ...at, to: join(mine, `${mode}.back`) })), mode).toContain('file-done')
      expect(readFileSync(join(mine, `${mode}.back`)).equals(content)).toBe(true)
    }
    // A run in the background, which fails: its file is taken.
    const { run } = await client.transfers.get({
      place: 'local',
      bucket,
      keys: [`cse-c-${names.file}`],
      to: join(mine, 'cse-c.back'),
      overwrite: 'refuse',
    })
    await expect
      .poll(async () => (await client.transfers.items({ run, state: 'failed' })).length, { timeout: 30_000 })
      .toBe(1)

    const kit = join(mine, 'kit.age')
    await client.keys.kit({ keys: [key.id], path: kit, passphrase })
    expect(await codeOf(client.keys.restore({ from: { path: kit }, passphrase: `${passphrase}!` }))).toBe(
      'PASSPHRASE_WRONG',
    )
    expect(await codeOf(client.keys.restore({ from: { path: join(folder.path, 'elsewhere.age') } }))).toBe(
      'INVALID_INPUT',
    )
    const connection = { endpoint: `https://${names.host}` }
    const place = { name: names.place, connection, keys: { accessKeyId, secretAccessKey: placeSecret } }
    expect(await codeOf(client.places.add(place))).not.toBe('no failure')
    await client.places.add({ ...place, keepAnyway: true })
    expect(await codeOf(client.buckets.list({ place: names.place }))).not.toBe('no failure')
    expect(await codeOf(client.objects.inspect({ place: 'local', bucket, key: names.file }))).toBe('OBJECT_NOT_FOUND')
    await expect.poll(() => readFileSync(log, 'utf8'), { timeout: 30_000 }).toMatch(/ run .* failed=1 /)

    // It falls over a message that it does not know and that holds a secret.
    engine.post({ kind: names.place, secret: placeSecret, path: names.file, key: aes.toString('hex') })
    await expect.poll(() => engine.child.exitCode).toBe(1)
  })

  it('says by codes and counts what happened', () => {
    const text = readFileSync(log, 'utf8')
    for (const line of [
      / engine engine-started\n/,
      / call-failed procedure=keys\.restore code=PASSPHRASE_WRONG\n/,
      / call-failed procedure=objects\.inspect code=OBJECT_NOT_FOUND\n/,
      / run run=\d+ kind=get state=finished .*done=0 failed=1 skipped=0 [A-Z_]+=1\n/,
      / engine-failed code=INTERNAL\n(?: {4}.*\n)* {8}at /,
    ]) {
      expect(text).toMatch(line)
    }
  })

  it('holds no key, passphrase, credential, content or name, in any form', () => {
    const text = readFileSync(log)
    const secrets: Record<string, Buffer> = {
      'key of CSE-C': aes,
      'key of SSE-C': sent,
      passphrase: Buffer.from(passphrase),
      'secret access key': Buffer.from(placeSecret),
      'access key id': Buffer.from(accessKeyId),
      content: content.subarray(0, 48),
      ...Object.fromEntries(Object.values(names).map((name) => [name, Buffer.from(name)])),
      'folder of the person': Buffer.from(folder.path),
    }
    for (const [what, secret] of Object.entries(secrets)) {
      const find = findAny(formsOf(secret))
      expect(find(Buffer.concat([text, secret])), `the search finds the ${what}`).toBe(true)
      expect(find(text), what).toBe(false)
    }
    expect(existsSync(`${log}.1`)).toBe(false)
  })
})
