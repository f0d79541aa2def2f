import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import keytar from 'keytar'
import { beforeAll, describe, expect, test } from 'vitest'
import { openKeychain } from '../../../electron/keys/keychain.ts'
import { testFolder } from '../store/folder.ts'
import { requireKeyring } from './keyring.ts'

beforeAll(requireKeyring)

async function testKeychain() {
  const folder = testFolder()
  const prefix = randomBytes(8).toString('hex')
  const keychain = await openKeychain({ prefix, overflow: join(folder, 'secrets') })
  await keychain.mark()
  return { keychain, prefix, folder, overflow: join(folder, 'secrets') }
}

describe('an entry', () => {
  test('is kept, replaced, seen by another process, and forgotten', async () => {
    const { keychain, prefix, overflow } = await testKeychain()
    expect(await keychain.get('key/a')).toBeNull()
    await keychain.set('key/a', Buffer.from('first'))
    await keychain.set('key/a', Buffer.from('second'))
    const script = `
      const { openKeychain } = await import('./electron/keys/keychain.ts')
      const keychain = await openKeychain(${JSON.stringify({ prefix, overflow })})
      console.log(String(await keychain.get('key/a')))`
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script])
    expect(stdout.trim()).toBe('second')
    await keychain.delete('key/a')
    await keychain.delete('key/a')
    expect(await keychain.get('key/a')).toBeNull()
  })

  test('is a single line of base64 within 2,500 characters, whatever its size', async () => {
    const { keychain, prefix } = await testKeychain()
    for (const size of [1, 32, 1_794, 1_875, 1_876, 10_000]) {
      const value = randomBytes(size)
      await keychain.set('key/a', value)
      const entry = await keytar.getPassword('Coffer', `${prefix}/key/a`)
      expect(entry).toMatch(/^[A-Za-z0-9+/=:]{1,2500}$/)
      expect((await keychain.get('key/a'))?.equals(value)).toBe(true)
    }
    await keychain.delete('key/a')
  })

  test('of one folder is not seen by another', async () => {
    const { keychain } = await testKeychain()
    const { keychain: other } = await testKeychain()
    await keychain.set('key/a', Buffer.from('mine'))
    expect(await other.get('key/a')).toBeNull()
    await keychain.delete('key/a')
  })

  test('that something else changed is INTEGRITY', async () => {
    const { keychain, prefix } = await testKeychain()
    for (const text of ['not base64!', 'file:short:abc', `file:${'a'.repeat(32)}:abcd`]) {
      await keytar.setPassword('Coffer', `${prefix}/key/a`, text)
      await expect(keychain.get('key/a')).rejects.toMatchObject({ code: 'INTEGRITY' })
    }
    await keytar.deletePassword('Coffer', `${prefix}/key/a`)
  })
})

describe('a value too long for an entry', () => {
  test('lies in a private file that holds none of it in clear, and goes with its entry', async () => {
    const { keychain, overflow } = await testKeychain()
    const value = randomBytes(4_000)
    await keychain.set('key/big', value)
    const [name = '', ...others] = readdirSync(overflow)
    expect(others).toEqual([])
    expect(statSync(overflow).mode & 0o777).toBe(0o700)
    expect(statSync(join(overflow, name)).mode & 0o777).toBe(0o600)
    const file = readFileSync(join(overflow, name))
    for (let at = 0; at + 16 <= value.length; at += 16) {
      expect(file.includes(value.subarray(at, at + 16))).toBe(false)
    }
    await keychain.set('key/big', randomBytes(4_000))
    expect(readdirSync(overflow)).toHaveLength(1)
    await keychain.set('key/big', Buffer.from('small'))
    expect(readdirSync(overflow)).toEqual([])
    await keychain.delete('key/big')
  })

  test('is INTEGRITY once a byte of its file changed, or the file is gone or cut', async () => {
    const { keychain, overflow } = await testKeychain()
    await keychain.set('key/big', randomBytes(4_000))
    const path = join(overflow, readdirSync(overflow)[0] ?? '')
    const whole = readFileSync(path)
    for (const at of [0, 100, whole.length - 1]) {
      const changed = Buffer.from(whole)
      changed[at] = (changed[at] ?? 0) ^ 1
      writeFileSync(path, changed)
      await expect(keychain.get('key/big')).rejects.toMatchObject({ code: 'INTEGRITY' })
    }
    for (const cut of [whole.subarray(0, 20), whole.subarray(0, 0)]) {
      writeFileSync(path, cut)
      await expect(keychain.get('key/big')).rejects.toMatchObject({ code: 'INTEGRITY' })
    }
    await keychain.delete('key/big')
  })
})

test('a keychain that is not the marked one is KEYCHAIN_UNAVAILABLE, and not an empty one', async () => {
  const keychain = await openKeychain({ prefix: randomBytes(8).toString('hex'), overflow: testFolder() })
  await expect(keychain.check()).rejects.toMatchObject({ code: 'KEYCHAIN_UNAVAILABLE' })
  await expect(keychain.get('key/a')).rejects.toMatchObject({ code: 'KEYCHAIN_UNAVAILABLE' })
})

test('a keychain that gives back something else than it was given is KEYCHAIN_UNAVAILABLE', async () => {
  const forgetful = {
    getPassword: () => Promise.resolve(null),
    setPassword: () => Promise.resolve(),
    deletePassword: () => Promise.resolve(true),
    findCredentials: () => Promise.resolve([]),
  }
  const keychain = await openKeychain({ prefix: 'x', overflow: testFolder(), keytar: forgetful })
  await expect(keychain.mark()).rejects.toMatchObject({ code: 'KEYCHAIN_UNAVAILABLE' })
})

test('a keychain that never answers is KEYCHAIN_LOCKED once patience ends', async () => {
  const never = () => new Promise<never>(() => undefined)
  const mute = { getPassword: never, setPassword: never, deletePassword: never, findCredentials: never }
  const keychain = await openKeychain({ prefix: 'x', overflow: testFolder(), keytar: mute, patience: 50 })
  await expect(keychain.get('key/a')).rejects.toMatchObject({ code: 'KEYCHAIN_LOCKED' })
})
