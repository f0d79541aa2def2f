import { FuseV1Options, getCurrentFuseWire } from '@electron/fuses'
import { chromium, type Browser, type ElectronApplication } from '@playwright/test'
import keytar from 'keytar'
import { spawn } from 'node:child_process'
import { existsSync, realpathSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { homeId } from '../../electron/store/home.ts'
import { noise, writeFiles } from '../support/files.ts'
import { openDesktop } from './support/desktop.ts'
import { electronRuntime } from './support/hosts.ts'
import { bucketOf } from './support/outside.ts'
import { drop, limitUploads, openBucket, row, seal, tryHere } from './support/person.ts'
import { expect, test } from './support/test.ts'
import { isAlive } from './support/window.ts'

/** How a switch (fuse) that is on is written in the program: FuseState.ENABLE, which exists as a type only. */
const ON = 0x31

interface Process {
  pid: number
  type: string
  name: string | undefined
  /** Bytes resident. */
  memory: number
}

async function processes(app: ElectronApplication): Promise<Process[]> {
  return app.evaluate(({ app: own }) =>
    own
      .getAppMetrics()
      .map(({ pid, type, name, memory }) => ({ pid, type, name, memory: memory.workingSetSize * 1024 })),
  )
}

async function kill(app: ElectronApplication, isMeant: (one: Process) => boolean): Promise<void> {
  const victim = (await processes(app)).find(isMeant)
  if (victim === undefined) throw new Error('no such process')
  process.kill(victim.pid, 'SIGKILL')
  await expect.poll(() => isAlive(victim.pid)).toBe(false)
}

/** A debugger's connection to the window of the app that has this home. */
async function connectTo(home: string): Promise<Browser> {
  const portFile = join(home, 'desktop', 'DevToolsActivePort')
  await expect.poll(() => existsSync(portFile)).toBe(true)
  const [port] = (await readFile(portFile, 'utf8')).split('\n')
  return chromium.connectOverCDP(`http://127.0.0.1:${port}`)
}

function runtime(): NonNullable<ReturnType<typeof electronRuntime>> {
  const found = electronRuntime()
  if (found === null) throw new Error('Start it with scripts/test-desktop.sh.')
  return found
}

test('a folder of 300 files goes in by one drop, under a key of the system’s keychain', async () => {
  const window = await openDesktop({ packaged: true })
  try {
    const { app, page, home, person } = window
    const files = Object.fromEntries(
      Array.from({ length: 300 }, (_, at) => [`photos/${at % 7}/p${at}.bin`, noise(2000, `p${at}`)]),
    )
    await writeFiles(person, files)
    await tryHere(page)
    await drop(page, join(person, 'photos'))
    await seal(page, 'CSE-C', { kit: 'save' })
    const bucket = await bucketOf(window)
    await expect.poll(async () => (await bucket.names()).length, { timeout: 60_000 }).toBe(300)
    await openBucket(page, 'vault')
    await row(page, 'photos').dblclick()
    await expect(row(page, '6')).toBeVisible()

    const kept = await keytar.findCredentials('Coffer')
    const own = `${homeId(realpathSync(home))}/`
    expect(kept.filter(({ account }) => account.startsWith(own)).length).toBeGreaterThan(2)
    const engine = (await processes(app)).find(({ name }) => name === 'Coffer')
    const mapped = await readFile(`/proc/${engine?.pid}/maps`, 'utf8')
    expect(mapped).toContain('app.asar.unpacked/node_modules/keytar/prebuilds')

    const all = await processes(app)
    const list = all.map(({ type, name, memory }) => `${name ?? type} ${Math.round(memory / 1e6)}`)
    const sum = all.reduce((total, { memory }) => total + memory, 0)
    console.log(
      `Memory of all processes: ${Math.round(sum / 1e6)} MB resident, shared pages counted each time (${list.join(', ')})`,
    )
  } finally {
    await window.close()
  }
})

test('the program’s switches are as the configuration says', async () => {
  const wire = await getCurrentFuseWire(runtime().packaged)
  const isOn = (fuse: FuseV1Options): boolean => Number(wire[fuse]) === ON
  expect(isOn(FuseV1Options.RunAsNode)).toBe(false)
  expect(isOn(FuseV1Options.EnableNodeOptionsEnvironmentVariable)).toBe(false)
  expect(isOn(FuseV1Options.EnableNodeCliInspectArguments)).toBe(false)
  expect(isOn(FuseV1Options.GrantFileProtocolExtraPrivileges)).toBe(false)
  expect(isOn(FuseV1Options.EnableCookieEncryption)).toBe(true)
  expect(isOn(FuseV1Options.EnableEmbeddedAsarIntegrityValidation)).toBe(true)
  expect(isOn(FuseV1Options.OnlyLoadAppFromAsar)).toBe(true)
})

test('the program as it is delivered opens its window, and takes no orders from NODE_OPTIONS', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'coffer-packaged-'))
  const marker = join(folder, 'marker')
  await mkdir(join(folder, 'person'))
  await writeFile(
    join(folder, 'intruder.cjs'),
    `require('node:fs').writeFileSync(${JSON.stringify(marker)}, 'was here')`,
  )
  const app = spawn(runtime().packaged, ['--remote-debugging-port=0'], {
    stdio: 'ignore',
    env: {
      ...process.env,
      HOME: join(folder, 'person'),
      COFFER_HOME: join(folder, 'home'),
      NODE_OPTIONS: `--require ${join(folder, 'intruder.cjs')}`,
      ELECTRON_RUN_AS_NODE: '1',
    },
  })
  try {
    const browser = await connectTo(join(folder, 'home'))
    const page = browser.contexts()[0]?.pages()[0]
    if (page === undefined) throw new Error('there is no window')
    await tryHere(page)
    expect(existsSync(marker)).toBe(false)
    await browser.close()
  } finally {
    app.kill('SIGTERM')
    await expect.poll(() => app.exitCode !== null || app.signalCode !== null).toBe(true)
    await rm(folder, { recursive: true, force: true, maxRetries: 5 })
  }
})

test('an upload goes on after the app was quit in the middle of it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'coffer-packaged-'))
  try {
    const film = noise(30_000_000, 'film')
    const first = await openDesktop({ packaged: true, folder })
    try {
      await writeFiles(first.person, { 'film.bin': film })
      await tryHere(first.page)
      const bucket = await bucketOf(first)
      await limitUploads(first.page, '1')
      await openBucket(first.page, 'vault')
      await drop(first.page, join(first.person, 'film.bin'))
      await seal(first.page, 'CSE-KMS')
      await expect.poll(() => bucket.uploads()).toHaveLength(1)
    } finally {
      await first.close()
    }

    const second = await openDesktop({ packaged: true, folder })
    try {
      await openBucket(second.page, 'vault')
      await limitUploads(second.page, '')
      await openBucket(second.page, 'vault')
      await expect(row(second.page, 'film.bin')).toBeVisible({ timeout: 60_000 })
      const after = await bucketOf(second)
      expect(await after.names()).toEqual(['film.bin'])
      expect(await after.uploads()).toEqual([])
    } finally {
      await second.close()
    }
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 5 })
  }
})

test('the window and the engine come back when they are killed', async () => {
  const window = await openDesktop({ packaged: true })
  try {
    const { app, home, person } = window
    await writeFiles(person, { 'one.txt': Buffer.from('one'), 'two.txt': Buffer.from('two') })
    await tryHere(window.page)
    await kill(app, ({ type }) => type === 'Tab')

    // Playwright takes a page whose process died for lost, so another connection looks at the one that came back.
    const browser = await connectTo(home)
    const page = browser.contexts()[0]?.pages()[0]
    if (page === undefined) throw new Error('there is no window')
    const grid = page.getByRole('grid', { name: 'Files in vault' })
    await expect(grid).toBeVisible({ timeout: 30_000 })
    await drop(page, join(person, 'one.txt'))
    await seal(page, 'SSE-S3')
    await expect(row(page, 'one.txt')).toBeVisible()

    // The window loads its page again.
    await page.evaluate('globalThis.isBefore = true')
    await kill(app, ({ name }) => name === 'Coffer')
    await expect.poll(() => page.evaluate('globalThis.isBefore').catch(() => true)).toBeUndefined()
    await expect(row(page, 'one.txt')).toBeVisible({ timeout: 30_000 })
    await drop(page, join(person, 'two.txt'))
    await seal(page, 'SSE-S3')
    await expect(row(page, 'two.txt')).toBeVisible()
    await browser.close()
  } finally {
    await window.close()
  }
})
