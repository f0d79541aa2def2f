import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { keyringAnswers, startBus, startKeyring } from '../../support/session-bus.ts'
import { testFolder } from '../store/folder.ts'
import { requireKeyring } from './keyring.ts'

beforeAll(requireKeyring)

interface Made {
  code: string
  message?: string
  hint?: string
}

/** Makes a key in a process of its own and tells how that went. */
async function makeKey(home: string, env: NodeJS.ProcessEnv): Promise<Made> {
  const script = `
    const { openCustomerKeys } = await import('./electron/keys/customer-keys.ts')
    const { openSecrets } = await import('./electron/keys/open-secrets.ts')
    const { openDatabase } = await import('./electron/store/database.ts')
    const { openKeyTable } = await import('./electron/store/keys.ts')
    const { openSettings } = await import('./electron/store/settings.ts')
    const home = ${JSON.stringify(home)}
    const db = openDatabase(home)
    const secrets = () => openSecrets({ home, settings: openSettings(db), env: process.env, patience: 10_000 })
    const keys = openCustomerKeys(openKeyTable(db), secrets)
    const { id } = (await keys.list())[0] ?? (await keys.create({}).catch((error) => error))
    const outcome = id === undefined ? await keys.create({}).catch((error) => error) : await keys.lend(id, 'cse', () => ({})).catch((error) => error)
    console.log(JSON.stringify({ code: outcome.code ?? 'done', message: outcome.message, hint: outcome.hint }))`
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
    env: { PATH: process.env['PATH'], NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'], ...env },
    timeout: 100_000,
  })
  return JSON.parse(stdout) as Made
}

const NO_BUS = { DBUS_SESSION_BUS_ADDRESS: 'unix:path=/nonexistent' }
const THIS_BUS = () => ({ DBUS_SESSION_BUS_ADDRESS: process.env['DBUS_SESSION_BUS_ADDRESS'] })

describe('no keychain', () => {
  test('is KEYCHAIN_UNAVAILABLE with the way out, and nothing is written in its place', async () => {
    const home = testFolder()
    const outcome = await makeKey(home, NO_BUS)
    expect(outcome.code).toBe('KEYCHAIN_UNAVAILABLE')
    expect(outcome.hint).toContain('COFFER_PASSPHRASE_FILE')
    expect(readdirSync(home).filter((name) => !/^(coffer\.db|secrets\.lock)/.test(name))).toEqual([])
  })

  test('with COFFER_PASSPHRASE_FILE, keys go to the sealed file and never to the keychain afterwards', async () => {
    const home = testFolder()
    const passphraseFile = join(testFolder(), 'passphrase')
    writeFileSync(passphraseFile, 'correct horse\n')
    expect(await makeKey(home, { ...NO_BUS, COFFER_PASSPHRASE_FILE: passphraseFile })).toMatchObject({ code: 'done' })
    expect(readFileSync(join(home, 'keys.age'), 'latin1')).toMatch(/^age-encryption\.org\/v1\n-> scrypt \S+ 1[7-9]\n/)
    expect(await makeKey(home, THIS_BUS())).toMatchObject({ code: 'PASSPHRASE_NEEDED' })
    expect(await makeKey(home, { ...THIS_BUS(), COFFER_PASSPHRASE_FILE: passphraseFile })).toMatchObject({
      code: 'done',
    })
  })

  test('when the keys are in one is KEYCHAIN_UNAVAILABLE, also with COFFER_PASSPHRASE_FILE', async () => {
    const home = testFolder()
    const passphraseFile = join(testFolder(), 'passphrase')
    writeFileSync(passphraseFile, 'correct horse\n')
    expect(await makeKey(home, THIS_BUS())).toMatchObject({ code: 'done' })
    const outcome = await makeKey(home, { ...NO_BUS, COFFER_PASSPHRASE_FILE: passphraseFile })
    expect(outcome.code).toBe('KEYCHAIN_UNAVAILABLE')
    expect(outcome.hint).toContain('start and unlock')
    expect(readdirSync(home)).not.toContain('keys.age')
  })
})

async function makeKeyOnceUp(home: string, env: NodeJS.ProcessEnv) {
  await keyringAnswers(env)
  return makeKey(home, env)
}

describe.runIf(process.platform === 'linux')('a locked keychain (GNOME Keyring)', () => {
  test('is KEYCHAIN_LOCKED in good time, for a new key and for one that is in it', async () => {
    const env = await startBus()
    const home = testFolder()
    const unlocked = startKeyring(env, 'a passphrase')
    expect(await makeKeyOnceUp(home, env)).toMatchObject({ code: 'done' })
    unlocked.kill()
    await once(unlocked, 'exit')

    startKeyring(env, null)
    await keyringAnswers(env)
    expect(await makeKey(home, env)).toMatchObject({ code: 'KEYCHAIN_LOCKED' })
    expect(await makeKey(testFolder(), env)).toMatchObject({ code: 'KEYCHAIN_LOCKED' })
  })
})

test.runIf(process.platform === 'linux')(
  'a session bus that never answers is KEYCHAIN_LOCKED in good time, and does not keep the process from ending',
  async () => {
    const folder = testFolder()
    const bus = createServer(() => undefined).listen(join(folder, 'bus'))
    onTestFinished(() => void bus.close())
    const script = `
      const { openKeychain } = await import('./electron/keys/keychain.ts')
      const keychain = await openKeychain({ prefix: 'x', overflow: ${JSON.stringify(folder)}, patience: 500 })
      const { code } = await keychain.get('key/a').catch((error) => error)
      console.log(code)
      process.exit(6)`
    const ended = promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
      env: {
        PATH: process.env['PATH'],
        NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'],
        DBUS_SESSION_BUS_ADDRESS: `unix:path=${join(folder, 'bus')}`,
      },
      timeout: 100_000,
    })
    await expect(ended).rejects.toMatchObject({ code: 6, stdout: 'KEYCHAIN_LOCKED\n', stderr: '' })
  },
)

test.runIf(process.platform === 'linux')('a Secret Service without a default keyring is told from none', async () => {
  const env = await startBus()
  startKeyring(env, null)
  await keyringAnswers(env)
  const { code, message, hint } = await makeKey(testFolder(), env)
  expect(code).toBe('KEYCHAIN_UNAVAILABLE')
  expect(message).toMatch(/answers, but it has no default keyring/)
  expect(hint).toMatch(/Make one.*COFFER_PASSPHRASE_FILE/)
})
