import { execFile, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:http'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { findRunning, isTaken } from '../../../electron/cloud/this-computer/running.ts'
import { openThisComputer, type ThisComputer } from '../../../electron/cloud/this-computer/this-computer.ts'
import { rootKeyCheck, rootKeyId } from '../../../electron/base/root-key-id.ts'
import { openDatabase } from '../../../electron/store/database.ts'
import { openSettings } from '../../../electron/store/settings.ts'
import { testFolder } from '../store/folder.ts'

const PROGRAM = resolve('electron/localcloud/main.ts')
const ROOT_KEY = randomBytes(32)
const OWNER = { accessKeyId: 'AKIATESTTESTTESTTEST', secretAccessKey: randomBytes(30).toString('base64') }

/** This computer of one home; its server is stopped when the test ends. */
function thisComputer(home: string, options: { program?: string; rootKey?: Buffer; idleSeconds?: number } = {}) {
  const db = openDatabase(home)
  const { program = PROGRAM, rootKey = ROOT_KEY, idleSeconds = 60 } = options
  const taken = new Map<string, Buffer>()
  const computer = openThisComputer({
    command: { file: process.execPath, args: [program] },
    lock: join(home, 'lock'),
    settings: openSettings(db),
    defaultDataDir: join(home, 'data'),
    identity: ({ id }) => Promise.resolve({ rootKey: Buffer.from((id && taken.get(id)) || rootKey), owner: OWNER }),
    takeIdentity: (kit) => {
      taken.set(rootKeyId(rootKeyCheck(kit.rootKey)), Buffer.from(kit.rootKey))
      return Promise.resolve('new')
    },
    owner: () => Promise.resolve(OWNER),
    idleSeconds,
  })
  onTestFinished(async () => {
    await computer.stop()
    db.close()
  })
  return computer
}

/** The same in a process of its own, which does `work` with `computer` and stays. */
function inProcess(home: string, work: string) {
  const script = `
    const { openThisComputer } = await import('./electron/cloud/this-computer/this-computer.ts')
    const { openDatabase } = await import('./electron/store/database.ts')
    const { openSettings } = await import('./electron/store/settings.ts')
    const computer = openThisComputer({
      command: { file: process.execPath, args: [${JSON.stringify(PROGRAM)}] },
      lock: ${JSON.stringify(join(home, 'lock'))},
      settings: openSettings(openDatabase(${JSON.stringify(home)})),
      defaultDataDir: ${JSON.stringify(join(home, 'data'))},
      identity: async () => ({ rootKey: Buffer.from('${ROOT_KEY.toString('hex')}', 'hex'), owner: ${JSON.stringify(OWNER)} }),
      owner: async () => (${JSON.stringify(OWNER)}),
      idleSeconds: 60,
    })
    ${work}`
  return ['--input-type=module', '-e', script]
}

const data = (home: string) => join(home, 'data')
const principals = (computer: ThisComputer) => computer.principals.list()

describe('in the background', () => {
  test('the server starts when it is needed, once, and serves its owner', async () => {
    const computer = thisComputer(testFolder())
    expect((await computer.status()).running).toBe(false)
    const reaches = await Promise.all([computer.ensure(), computer.ensure()])
    expect(new Set(reaches.map(({ endpoint }) => endpoint)).size).toBe(1)
    expect(reaches[0].credentials).toEqual(OWNER)
    expect(await computer.status()).toMatchObject({ running: true, endpoint: reaches[0].endpoint })
    expect(await principals(computer)).toEqual([])
  })

  test('starters in several processes come to the same server', async () => {
    const home = testFolder()
    const computer = thisComputer(home)
    const print = inProcess(home, 'console.log((await computer.ensure()).endpoint)')
    const run = () => promisify(execFile)(process.execPath, print)
    const outputs = await Promise.all([run(), run(), run()])
    const { endpoint } = await computer.ensure()
    for (const { stdout } of outputs) expect(stdout.trim()).toBe(endpoint)
  })

  test('the server outlives the process that started it, and nothing asked, ends by itself', async () => {
    const home = testFolder()
    const computer = thisComputer(home, { idleSeconds: 1 })
    await computer.ensure()
    while (isTaken(data(home))) await sleep(50)
    expect((await computer.status()).running).toBe(false)
    expect(await principals(computer)).toEqual([])
  })

  test('a killed server is started anew, and whoever has its port by then is not taken for it', async () => {
    const home = testFolder()
    const computer = thisComputer(home)
    const { endpoint } = await computer.ensure()
    const pid = findRunning(data(home))?.pid ?? 0
    process.kill(pid, 'SIGKILL')
    while (isTaken(data(home))) await sleep(20)
    expect(existsSync(join(data(home), 'run.json'))).toBe(true)

    const impostor = createServer((_, response) => response.end('{"Principals":[]}'))
    impostor.listen(Number(new URL(endpoint).port), '127.0.0.1')
    await once(impostor, 'listening')
    onTestFinished(() => void impostor.close())
    expect((await computer.status()).running).toBe(false)
    expect((await computer.ensure()).endpoint).not.toBe(endpoint)
  })

  test.runIf(process.platform === 'linux')('no secret is in its arguments or its environment', async () => {
    const home = testFolder()
    const computer = thisComputer(home)
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'a secret of the environment')
    onTestFinished(() => void vi.unstubAllEnvs())
    await computer.ensure()
    const pid = String(findRunning(data(home))?.pid)
    for (const name of ['cmdline', 'environ']) {
      const content = readFileSync(join('/proc', pid, name), 'utf8')
      for (const secret of [ROOT_KEY.toString('base64'), OWNER.secretAccessKey, 'a secret of the environment']) {
        expect(content).not.toContain(secret)
      }
    }
    for (const entry of readdirSync(data(home), { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue
      const content = readFileSync(join(entry.parentPath, entry.name))
      expect(content.includes(ROOT_KEY) || content.includes(OWNER.secretAccessKey)).toBe(false)
    }
  })

  test('data of another Coffer is KEY_WRONG', async () => {
    const home = testFolder()
    const owner = thisComputer(home)
    await owner.ensure()
    await owner.stop()
    await expect(thisComputer(home, { rootKey: randomBytes(32) }).ensure()).rejects.toMatchObject({ code: 'KEY_WRONG' })
  })

  test('a program that cannot run, says nothing, or ends is LOCAL_SERVER', async () => {
    const home = testFolder()
    const program = join(home, 'broken.mjs')
    writeFileSync(program, 'process.exit(3)')
    await expect(thisComputer(home, { program }).ensure()).rejects.toMatchObject({ code: 'LOCAL_SERVER' })
    writeFileSync(program, 'console.log("not JSON")')
    await expect(thisComputer(home, { program }).ensure()).rejects.toMatchObject({ code: 'LOCAL_SERVER' })
    writeFileSync(data(home), 'a file where the folder should be')
    const refused = thisComputer(home).ensure()
    await expect(refused).rejects.toMatchObject({ code: expect.stringMatching(/^LOCAL_/) as string })
  })
})

describe('in the foreground', () => {
  test('it takes the place of one in the background and remembers the folder', async () => {
    const home = testFolder()
    const computer = thisComputer(home)
    const dataDir = join(home, 'elsewhere')
    mkdirSync(dataDir)
    await computer.ensure()
    const first = await computer.run({ port: 0 })
    await first.stop()
    const second = await computer.run({ dataDir, port: 0 })
    expect(await computer.status()).toEqual({ running: true, endpoint: second.endpoint, dataDir, notices: [] })
    expect((await thisComputer(home).ensure()).endpoint).toBe(second.endpoint)
    await second.stop()
    await second.ended
    expect((await computer.status()).running).toBe(false)
  })

  test('it ends with the process that runs it, and another can start at once', async () => {
    const home = testFolder()
    const args = inProcess(home, 'console.log((await computer.run({ port: 0 })).endpoint)')
    const runner = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    await once(runner.stdout, 'data')
    expect(findRunning(data(home))).not.toBeNull()
    runner.kill('SIGKILL')
    const { endpoint } = await thisComputer(home).run({ port: 0 })
    expect(findRunning(data(home))?.endpoint).toBe(endpoint)
  })

  test('a second one is LOCAL_SERVER, and so is a port that is taken', async () => {
    const home = testFolder()
    const first = await thisComputer(home).run({ port: 0 })
    await expect(thisComputer(home).run({ port: 0 })).rejects.toMatchObject({ code: 'LOCAL_SERVER' })
    const port = Number(new URL(first.endpoint).port)
    await expect(thisComputer(testFolder()).run({ port })).rejects.toMatchObject({ code: 'LOCAL_SERVER' })
  })
})

describe('the data folder', () => {
  test('one that is gone is FILE_NOT_FOUND and named, and no empty vault is made in its place', async () => {
    const home = testFolder()
    const computer = thisComputer(home)
    await computer.ensure()
    await computer.stop()
    renameSync(data(home), join(home, 'unmounted'))
    for (const start of [() => computer.ensure(), () => computer.run({ port: 0 })]) {
      await expect(start()).rejects.toMatchObject({
        code: 'FILE_NOT_FOUND',
        message: expect.stringContaining(data(home)) as string,
        hint: expect.stringContaining('not mounted') as string,
      })
      expect(existsSync(data(home))).toBe(false)
    }
    // The mount point alone, empty, is no vault either.
    mkdirSync(data(home))
    await expect(computer.ensure()).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' })
    expect(readdirSync(data(home))).toEqual([])
    rmdirSync(data(home))
    renameSync(join(home, 'unmounted'), data(home))
    expect((await computer.ensure()).notices).toEqual([])
  })

  test('it stays where it is if no server can start in another one, and the failure names it', async () => {
    const home = testFolder()
    const computer = thisComputer(home)
    const other = thisComputer(testFolder(), { rootKey: randomBytes(32) })
    await computer.ensure()
    await other.ensure()
    const { dataDir } = await other.status()
    await other.stop()
    const failed = computer.run({ dataDir, port: 0 })
    const message = expect.stringContaining(`stays in ${data(home)}`) as string
    await expect(failed).rejects.toMatchObject({ code: 'KEY_WRONG', message })
    writeFileSync(join(home, 'file'), '')
    await expect(computer.run({ dataDir: join(home, 'file'), port: 0 })).rejects.toMatchObject({ message })
    expect((await computer.status()).dataDir).toBe(data(home))
    const moved = await computer.run({ dataDir: join(home, 'new'), port: 0 })
    expect(moved).toMatchObject({ dataDir: join(home, 'new'), previousDataDir: data(home) })
    await moved.stop()
  })

  test("a folder of another Coffer opens with that one's root key, and its KMS keys with their backup", async () => {
    const [home, otherHome] = [testFolder(), testFolder()]
    const rootKey = randomBytes(32)
    const other = thisComputer(otherHome, { rootKey })
    await other.ensure()
    const kit = await other.kits.parts()
    if (kit === null) throw new Error('There is nothing for a kit')
    expect(kit.kmsBackup?.length).toBeGreaterThan(0)
    await other.stop()
    const folder = join(home, 'copy')
    cpSync(data(otherHome), folder, { recursive: true })
    for (const name of ['kms.db', 'kms.backup']) rmSync(join(folder, name))
    const computer = thisComputer(home)
    await expect(computer.open(folder)).rejects.toMatchObject({ code: 'KEY_WRONG' })
    computer.kits.requireFolder(kit, folder)
    await computer.kits.take(kit, { madeAt: new Date() })
    const opened = await computer.open(folder)
    expect(opened.dataDir).toBe(folder)
    expect(opened.notices.map(({ code }) => code)).toEqual(['STATE_RESTORED'])
    expect((await computer.status()).dataDir).toBe(folder)
    const server = await computer.run({ port: 0 })
    expect(server.notices, 'what the kit brought is there now').toEqual([])
    await server.stop()
  })
})

test('principals are made, listed and removed, and each failure has its code', async () => {
  const { principals } = thisComputer(testFolder())
  const alice = await principals.add('alice')
  expect(alice).toMatchObject({ name: 'alice', arn: 'arn:aws:iam::000000000000:user/alice' })
  expect(alice.secretAccessKey).toHaveLength(40)
  await expect(principals.add('alice')).rejects.toMatchObject({ code: 'ALREADY_EXISTS' })
  await expect(principals.add('not a name')).rejects.toMatchObject({ code: 'INVALID_INPUT' })
  expect((await principals.list()).map(({ name }) => name)).toEqual(['alice'])
  await principals.remove('alice')
  await expect(principals.remove('alice')).rejects.toMatchObject({ code: 'PRINCIPAL_NOT_FOUND' })
})
