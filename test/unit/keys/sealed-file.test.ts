import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { openSealedFile } from '../../../electron/keys/sealed-file.ts'
import { testFolder } from '../store/folder.ts'

/** scrypt is slow by design; what is not about that takes less of it. */
const QUICK = { workFactor: 10 }

async function testFile() {
  const path = join(testFolder(), 'keys.age')
  const reopen = (passphrase = 'right') => openSealedFile(path, () => Promise.resolve(passphrase), QUICK)
  const file = reopen()
  await file.create()
  return { path, file, reopen }
}

test('a guess at the passphrase costs 128 MiB of scrypt', async () => {
  const path = join(testFolder(), 'keys.age')
  await openSealedFile(path, () => Promise.resolve('right')).create()
  expect(readFileSync(path, 'latin1')).toMatch(/^age-encryption\.org\/v1\n-> scrypt \S+ 17\n/)
})

test('keeps, replaces and forgets secrets, over a restart', async () => {
  const { file, reopen } = await testFile()
  const secret = randomBytes(3_000)
  await file.set('key/a', Buffer.from('first'))
  await file.set('key/a', secret)
  expect((await reopen().get('key/a'))?.equals(secret)).toBe(true)
  await reopen().delete('key/a')
  expect(await file.get('key/a')).toBeNull()
})

test('the file is private, and nothing in its folder holds a secret in clear', async () => {
  const { path, file } = await testFile()
  const secret = randomBytes(48)
  await file.set('key/a', secret)
  const folder = join(path, '..')
  for (const name of readdirSync(folder)) {
    expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600)
    const content = readFileSync(join(folder, name))
    for (const form of [secret, secret.toString('hex'), secret.toString('base64')]) {
      expect(content.includes(form)).toBe(false)
    }
  }
})

test('a wrong passphrase is PASSPHRASE_WRONG, and the next one is asked for', async () => {
  const { path, file } = await testFile()
  await file.set('key/a', Buffer.from('secret'))
  const answers = ['wrong', 'right']
  const other = openSealedFile(path, () => Promise.resolve(answers.shift() ?? ''), QUICK)
  await expect(other.get('key/a')).rejects.toMatchObject({ code: 'PASSPHRASE_WRONG' })
  expect(String(await other.get('key/a'))).toBe('secret')
})

test('a host finds out whether a passphrase is right before it answers, and the file is opened once', async () => {
  const { path, file } = await testFile()
  await file.set('key/a', Buffer.from('secret'))
  const seen: boolean[] = []
  const other = openSealedFile(
    path,
    async (isRight) => {
      for (const passphrase of ['wrong', 'worse', 'right']) seen.push((await isRight?.(passphrase)) ?? false)
      return 'right'
    },
    QUICK,
  )
  expect(String(await other.get('key/a'))).toBe('secret')
  expect(seen).toEqual([false, false, true])
  await other.set('key/b', Buffer.from('more'))
  expect(String(await file.get('key/b'))).toBe('more')
})

test(
  'one byte changed is INTEGRITY wherever it is, and told from a wrong passphrase',
  { timeout: 120_000 },
  async () => {
    const { path, file, reopen } = await testFile()
    await file.set('key/a', randomBytes(32))
    const whole = readFileSync(path)
    const text = whole.toString('latin1')
    const scryptBody = text.indexOf('\n', text.indexOf('-> scrypt')) + 3
    const places = [5, text.indexOf('-> scrypt') + 12, scryptBody, text.indexOf('---') + 8, whole.length - 20]
    for (const at of places) {
      const changed = Buffer.from(whole)
      changed[at] = changed[at] === 0x42 ? 0x43 : 0x42
      writeFileSync(path, changed)
      await expect(reopen().get('key/a'), `byte ${at}`).rejects.toMatchObject({ code: 'INTEGRITY' })
    }
    writeFileSync(path, whole.subarray(0, -1))
    await expect(reopen().get('key/a')).rejects.toMatchObject({ code: 'INTEGRITY' })
    rmSync(path)
    await expect(reopen().get('key/a')).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' })
  },
)

test('a damaged file is not written over', async () => {
  const { path, reopen } = await testFile()
  writeFileSync(path, 'damaged')
  await expect(reopen().set('key/a', Buffer.from('x'))).rejects.toMatchObject({ code: 'INTEGRITY' })
  expect(readFileSync(path, 'utf8')).toBe('damaged')
})

test('creating it twice keeps what is in it', async () => {
  const { file, reopen } = await testFile()
  await file.set('key/a', Buffer.from('kept'))
  await reopen('another passphrase').create()
  expect(String(await reopen().get('key/a'))).toBe('kept')
})

test('two processes that write at once lose nothing', async () => {
  const { path, file } = await testFile()
  const script = (name: string) => `
    const { openSealedFile } = await import('./electron/keys/sealed-file.ts')
    const file = openSealedFile(${JSON.stringify(path)}, async () => 'right', ${JSON.stringify(QUICK)})
    for (let i = 0; i < 3; i++) await file.set('key/${name}' + i, Buffer.from('${name}' + i))`
  const run = (name: string) => promisify(execFile)(process.execPath, ['--input-type=module', '-e', script(name)])
  await Promise.all([run('a'), run('b'), file.set('key/c', Buffer.from('c'))])
  for (const name of ['a0', 'a1', 'a2', 'b0', 'b1', 'b2', 'c']) expect(String(await file.get(`key/${name}`))).toBe(name)
})

test('its passphrase is changed by who knows it, in this process and for every other', async () => {
  const { file, reopen } = await testFile()
  await file.set('key/a', Buffer.from('secret'))
  await expect(file.changePassphrase('wrong', 'another')).rejects.toMatchObject({ code: 'PASSPHRASE_WRONG' })
  expect(String(await file.get('key/a'))).toBe('secret')
  await file.changePassphrase('right', 'another')
  await file.set('key/b', Buffer.from('later'))
  await expect(reopen('right').get('key/a')).rejects.toMatchObject({ code: 'PASSPHRASE_WRONG' })
  expect(String(await reopen('another').get('key/a'))).toBe('secret')
  expect(String(await reopen('another').get('key/b'))).toBe('later')
})
