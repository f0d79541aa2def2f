import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { randomBytes } from 'node:crypto'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { newPerson, type Outcome, type Person } from '../support/coffer.ts'
import { filesBelow } from '../support/files.ts'
import { findAny, formsOf } from '../support/needles.ts'
import { run } from '../support/run.ts'

/*
 * The keychain is locked, missing, or another one than before. What the command line then says and does: its words, exit
 * code 6, and never a key anywhere but in the store that was chosen.
 */

const linux = process.platform === 'linux'
const material = randomBytes(32)

describe.skipIf(!linux)(`a keychain that cannot be used${linux ? '' : ' (needs a Secret Service of its own)'}`, () => {
  let person: Person
  let services: ChildProcess[]
  let bus: Record<string, string>

  beforeEach(async () => {
    person = await newPerson()
    services = []
    bus = await startBus()
    await writeFile(inFolder('key'), material)
    await writeFile(inFolder('pass'), 'a passphrase of nine words\n')
  })
  afterEach(async () => {
    for (const service of services.reverse()) await end(service)
    await person.remove()
  })

  const inFolder = (name: string): string => join(person.folder, name)
  const importKey = (env: Record<string, string> = {}): Promise<Outcome> =>
    person.coffer(['key', 'import', 'key', '--name', 'mine'], { env: { ...bus, ...env } })
  const exportKey = (env: Record<string, string> = {}): Promise<Outcome> =>
    person.coffer(['key', 'export', 'mine', 'out'], { env: { ...bus, ...env } })

  /** No file but the given one holds the key, and no sealed file has come into being unasked. */
  async function expectNothingInClear({ sealedFile = false } = {}): Promise<void> {
    const find = findAny(formsOf(material))
    const paths = (await filesBelow(person.folder)).filter((path) => path !== 'key')
    const holding = await Promise.all(paths.map(async (path) => (find(await readFile(inFolder(path))) ? path : null)))
    expect(holding.filter((path) => path !== null)).toEqual([])
    expect(existsSync(inFolder('home/keys.age'))).toBe(sealedFile)
    expect(existsSync(inFolder('out'))).toBe(false)
  }

  function expectFailure(outcome: Outcome, code: string, hint: RegExp): void {
    expect(outcome).toMatchObject({ code: 6, error: { code } })
    expect(outcome.error?.hint).toMatch(hint)
    expect(findAny(formsOf(material))(Buffer.from(outcome.stdout + outcome.stderr))).toBe(false)
  }

  it('absent from the start: says how to get one, keeps nothing, and keeps no half of the key', async () => {
    await end(services[0])
    const outcome = await importKey()
    expectFailure(outcome, 'KEYCHAIN_UNAVAILABLE', /GNOME Keyring or KWallet.*COFFER_PASSPHRASE_FILE/)
    expect(await person.done(['key', 'list'], { env: bus })).toEqual([])
    await expectNothingInClear()
  })

  it('without a default keyring: is told from none, with what to make', async () => {
    await startKeyring(null)
    const outcome = await importKey()
    expectFailure(outcome, 'KEYCHAIN_UNAVAILABLE', /a keyring that is the default.*COFFER_PASSPHRASE_FILE/)
    expect(outcome.error?.message).toContain('answers, but it has no default keyring')
    await expectNothingInClear()
  })

  it('locked: says so, and the key is there again once it is unlocked', async () => {
    const unlocked = await startKeyring('secret')
    expect((await importKey()).code).toBe(0)
    await end(unlocked)
    const locked = await startKeyring(null)
    expectFailure(await exportKey(), 'KEYCHAIN_LOCKED', /Unlock the keychain/)
    await expectNothingInClear()
    await end(locked)
    await startKeyring('secret')
    expect((await exportKey()).code).toBe(0)
    expect((await readFile(inFolder('out'), 'utf8')).trim()).toBe(material.toString('base64'))
  })

  it('gone while the keys are in it: no other store stands in, whatever passphrase is at hand', async () => {
    const keyring = await startKeyring('secret')
    expect((await importKey()).code).toBe(0)
    await end(keyring)
    // The bus would start another one, locked.
    await end(services[0])
    const offered = { COFFER_PASSPHRASE_FILE: inFolder('pass') }
    for (const env of [{}, offered]) {
      expectFailure(await exportKey(env), 'KEYCHAIN_UNAVAILABLE', /Nothing else can stand in for it/)
      expectFailure(await importOther(env), 'KEYCHAIN_UNAVAILABLE', /Nothing else can stand in for it/)
    }
    await expectNothingInClear()
  })

  it('another one than the keys were stored in: says so, and writes nothing into it', async () => {
    const keyring = await startKeyring('secret')
    expect((await importKey()).code).toBe(0)
    await end(keyring)
    await end(services[0])
    bus = await startBus()
    await startKeyring('another')
    expectFailure(await exportKey(), 'KEYCHAIN_UNAVAILABLE', /the one they were stored in/)
    expectFailure(await importOther(), 'KEYCHAIN_UNAVAILABLE', /the one they were stored in/)
    await expectNothingInClear()
    const search = await run('secret-tool', ['search', '--all', 'service', 'Coffer'], { env: bus })
    expect(search.stdout).toBe('')
  })

  it.each(['SIGINT', 'SIGTERM'] as const)(
    'waiting to be unlocked: is said meanwhile, and %s ends it',
    async (signal) => {
      const mute = createServer(() => undefined).listen(inFolder('mute'))
      onTestFinished(() => void mute.close())
      const env = { ...bus, DBUS_SESSION_BUS_ADDRESS: `unix:path=${inFolder('mute')}` }
      const { child, ended } = person.start(['key', 'import', 'key', '--name', 'mine'], { env })
      const [said] = (await once(child.stderr ?? child, 'data')) as [Buffer]
      expect(JSON.parse(said.toString())).toMatchObject({
        notice: expect.stringMatching(/Waiting for this system's keychain.*Ctrl-C/) as string,
      })
      child.kill(signal)
      expect(await ended).toMatchObject({ code: 130, stderr: expect.stringContaining('"code":"CANCELLED"') as string })
      await expectNothingInClear()
    },
  )

  it('keys in the sealed file: a keychain that comes up later is not used, and neither is no passphrase', async () => {
    const sealed = { COFFER_PASSPHRASE_FILE: inFolder('pass') }
    expect((await importKey(sealed)).code).toBe(0)
    await startKeyring('secret')
    expectFailure(await exportKey(), 'PASSPHRASE_NEEDED', /COFFER_PASSPHRASE_FILE/)
    await writeFile(inFolder('wrong'), 'another passphrase\n')
    expectFailure(await exportKey({ COFFER_PASSPHRASE_FILE: inFolder('wrong') }), 'PASSPHRASE_WRONG', /again/)
    await expectNothingInClear({ sealedFile: true })
    expect((await exportKey(sealed)).code).toBe(0)
  })

  async function importOther(env: Record<string, string> = {}): Promise<Outcome> {
    return person.coffer(['key', 'import', '-', '--name', 'other'], {
      env: { ...bus, ...env },
      stdin: `${randomBytes(32).toString('base64')}\n`,
    })
  }

  /** A session bus of its own, in a home of its own. */
  async function startBus(): Promise<Record<string, string>> {
    const home = inFolder(`bus-${services.length}-${randomBytes(4).toString('hex')}`)
    for (const name of ['run', 'share/keyrings', 'config'])
      mkdirSync(join(home, name), { recursive: true, mode: 0o700 })
    const env = {
      XDG_RUNTIME_DIR: join(home, 'run'),
      XDG_DATA_HOME: join(home, 'share'),
      XDG_CONFIG_HOME: join(home, 'config'),
    }
    const daemon = spawn('dbus-daemon', ['--session', '--nofork', '--print-address'], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    services.push(daemon)
    const [address] = (await once(daemon.stdout, 'data')) as [Buffer]
    return { ...env, DBUS_SESSION_BUS_ADDRESS: address.toString().trim() }
  }

  /** GNOME Keyring on that bus; locked without a passphrase. */
  async function startKeyring(passphrase: string | null): Promise<ChildProcess> {
    const args = ['--foreground', '--components=secrets', ...(passphrase === null ? [] : ['--unlock'])]
    const env = { ...process.env, ...bus }
    const keyring = spawn('gnome-keyring-daemon', args, { env, stdio: ['pipe', 'ignore', 'ignore'] })
    services.push(keyring)
    keyring.stdin.end(passphrase ?? '')
    const ask = ['--session', '--print-reply', '--dest=org.freedesktop.DBus', '/']
    const question = [...ask, 'org.freedesktop.DBus.NameHasOwner', 'string:org.freedesktop.secrets']
    const deadline = Date.now() + 15_000
    while (!(await run('dbus-send', question, { env: bus })).stdout.includes('boolean true')) {
      if (Date.now() > deadline) throw new Error('GNOME Keyring does not start')
      await sleep(50)
    }
    return keyring
  }
})

async function end(service: ChildProcess | undefined): Promise<void> {
  if (service === undefined || service.exitCode !== null || service.signalCode !== null) return
  service.kill()
  await once(service, 'exit')
}
