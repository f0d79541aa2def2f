import { once } from 'node:events'
import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { RPCLink } from '@orpc/client/message-port'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createClient, type CofferClient } from '../../electron/api/client.ts'
import type { Question } from '../../electron/api/questions.ts'
import type { EngineHears, EngineSays } from '../../electron/engine.ts'
import { forkLikeElectron, type Forked } from '../support/forked.ts'
import { requireKeyring } from './keys/keyring.ts'
import { testFolder } from './store/folder.ts'

const ENGINE = resolve('electron/engine.ts')
const SERVER = resolve('electron/localcloud/main.ts')

let engine: Forked
let home: string
beforeEach(() => {
  home = testFolder()
  engine = forkLikeElectron(ENGINE, { ...process.env, COFFER_HOME: home })
})
afterEach(() => engine.end())

function say(message: EngineHears): void {
  engine.post(message)
}

async function grant(id: number, way: 'read' | 'write', path: string): Promise<void> {
  say({ kind: 'grant', id, grants: [{ way, path }] })
  await engine.hear((message) => (message as { id?: number }).id === id)
}

function isSaid(kind: EngineSays['kind']): (message: unknown) => boolean {
  return (message) => (message as EngineSays).kind === kind
}

function openWindow(): CofferClient {
  return createClient(new RPCLink({ port: engine.postWithPort({ kind: 'window' } satisfies EngineHears) }))
}

test('the engine serves the contract over the port of each window', async () => {
  const [one, other] = [openWindow(), openWindow()]
  await one.settings.set({ theme: 'dark' })
  expect((await other.settings.get({})).theme).toBe('dark')
  expect(engine.said[0]).toEqual({ kind: 'ready' })
})

test('a damaged database is told with its copy, and the person may have that put back', async () => {
  const client = openWindow()
  await client.keys.create({ name: 'mine', purpose: 'cse' })
  say({ kind: 'stop' })
  await engine.hear(isSaid('stopped'))
  await engine.end()
  for (const end of ['-wal', '-shm']) rmSync(join(home, `coffer.db${end}`), { force: true })
  writeFileSync(join(home, 'coffer.db'), Buffer.alloc(40_960, 'damaged'))

  engine = forkLikeElectron(ENGINE, { ...process.env, COFFER_HOME: home })
  const failed = (await engine.hear(isSaid('failed'))) as EngineSays & { copyMadeAt: Date }
  expect(failed).toMatchObject({ kind: 'failed', message: expect.stringContaining('damaged') as string })
  expect(failed.copyMadeAt).toBeInstanceOf(Date)
  const ended = once(engine.child, 'exit')
  say({ kind: 'restore' })
  expect((await ended)[0]).toBe(0)

  engine = forkLikeElectron(ENGINE, { ...process.env, COFFER_HOME: home })
  const keys = await openWindow().keys.list({})
  expect(keys.map(({ name }) => name)).toEqual(['mine'])
})

test('what was mended is told to the window', async () => {
  const client = openWindow()
  await client.keys.create({ name: 'mine', purpose: 'cse' })
  say({ kind: 'stop' })
  await engine.hear(isSaid('stopped'))
  await engine.end()
  for (const end of ['', '-wal', '-shm']) rmSync(join(home, `coffer.db${end}`), { force: true })

  engine = forkLikeElectron(ENGINE, { ...process.env, COFFER_HOME: home })
  const again = openWindow()
  expect((await again.keys.list({})).map(({ name }) => name)).toEqual(['mine'])
  const notices = await again.questions.notices({})
  expect(notices.join(' ')).toMatch(/database was lost.*Found again in this system's keychain: mine/)
})

test('a window names those paths only that a person gave', async () => {
  const file = join(home, 'key.txt')
  writeFileSync(file, 'no key at all')
  const client = openWindow()
  const from = { path: file }
  await expect(client.keys.import({ from })).rejects.toThrow(`The window may not read this: ${file}`)
  await expect(client.keys.export({ key: 'mine', path: file })).rejects.toThrow('may not save here')
  await grant(1, 'write', file)
  await expect(client.keys.import({ from })).rejects.toThrow('may not read this')
  await grant(2, 'read', file)
  await expect(client.keys.import({ from })).rejects.not.toThrow('may not read this')
})

test('without a keychain it asks the window, and keeps keys in a file if the person says so', async () => {
  await engine.end()
  engine = forkLikeElectron(ENGINE, {
    ...process.env,
    COFFER_HOME: home,
    DBUS_SESSION_BUS_ADDRESS: 'unix:path=/nowhere',
  })
  const client = openWindow()
  const questions = await client.questions.watch({})
  const question = async () => ((await questions.next()).value as { question: Question | null }).question
  expect(await question()).toBeNull()

  const refused = client.keys.create({})
  const first = await question()
  expect(first).toMatchObject({ purpose: 'create', why: expect.stringContaining('sealed by a passphrase') as string })
  await client.questions.answer({ id: first?.id ?? 0, passphrase: '' })
  await expect(refused).rejects.toMatchObject({ code: 'KEYCHAIN_UNAVAILABLE' })
  expect(await question()).toBeNull()

  const made = client.keys.create({ name: 'mine' })
  const second = await question()
  await client.questions.answer({ id: second?.id ?? 0, passphrase: 'correct horse battery staple' })
  expect((await made).name).toBe('mine')
  expect(existsSync(join(home, 'keys.age'))).toBe(true)
})

test('it says that it cannot start, and why', async () => {
  await engine.end()
  const notAFolder = join(home, 'file')
  writeFileSync(notAFolder, '')
  engine = forkLikeElectron(ENGINE, { ...process.env, COFFER_HOME: notAFolder })
  const failed = (await engine.hear(isSaid('failed'))) as EngineSays
  expect(failed).toMatchObject({ message: expect.stringContaining(notAFolder) as string })
})

test('it lets transfers rest and says so when it is to end', async () => {
  openWindow()
  await engine.hear(isSaid('ready'))
  say({ kind: 'stop' })
  await engine.hear(isSaid('stopped'))
})

test('This computer is forked by the main process, and its order goes past it', async () => {
  requireKeyring()
  const client = openWindow()
  const listing = client.buckets.list({ place: 'local' })
  await engine.hear(isSaid('fork-server'))
  const server = forkLikeElectron(SERVER)
  try {
    // What Electron does: one channel, an end for each of the two.
    const toServer = server.postWithPort(null)
    const toEngine = engine.postWithPort({ kind: 'server' } satisfies EngineHears)
    const passed: string[] = []
    toEngine.on('message', ({ data }) => {
      passed.push(String(data))
      toServer.postMessage(data)
    })
    toServer.on('message', ({ data }) => toEngine.postMessage(data))
    expect(await listing).toEqual([])
    expect(JSON.parse(passed[0] ?? '')).toMatchObject({ dataDir: join(home, 'this-computer'), idleSeconds: 120 })
    expect(JSON.stringify([engine.said, server.said])).not.toMatch(/secretAccessKey|rootKey/)
  } finally {
    await server.end()
  }
})

test('a server that ends before it answers is LOCAL_SERVER, not a wait', async () => {
  requireKeyring()
  const client = openWindow()
  const listing = client.buckets.list({ place: 'local' })
  await engine.hear(isSaid('fork-server'))
  engine.postWithPort({ kind: 'server' } satisfies EngineHears).close()
  await expect(listing).rejects.toMatchObject({ code: 'LOCAL_SERVER' })
})
