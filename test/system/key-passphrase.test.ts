import { existsSync } from 'node:fs'
import { copyFile, readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newPerson } from '../support/coffer.ts'
import type { Person } from '../support/coffer.ts'
import { onTerminal } from '../support/terminal.ts'

/* The passphrase of the file with all keys, where there is no keychain. */

const NEXT = 'nine horses stand in the rain'
const NO_BUS = { DBUS_SESSION_BUS_ADDRESS: 'unix:path=/nonexistent' }
let person: Person
const at = (name: string): string => join(person.folder, name)
const keysFile = (): string => at('home/keys.age')

beforeAll(async () => {
  person = await newPerson(NO_BUS)
  person.env['COFFER_PASSPHRASE_FILE'] = at('passphrase')
})
afterAll(() => person.remove())

const withPassphrase = (name: string) => ({ env: { COFFER_PASSPHRASE_FILE: at(name) } })

describe('the passphrase of the key file', () => {
  it.each(['x', 'elevenchars', 'aaaaaaaaaaaaaaaa'])(
    '%s is refused for a new one, and no file is made',
    async (weak) => {
      await writeFile(at('passphrase'), `${weak}\n`)
      const refused = await person.coffer(['key', 'new', 'mine', '--no-kit'])
      expect(refused).toMatchObject({ code: 2, error: { code: 'INVALID_INPUT' } })
      expect(refused.stderr).not.toContain(weak.length > 1 ? weak : '"x"')
      expect(existsSync(keysFile())).toBe(false)
    },
  )

  it('is chosen at a terminal until it is long enough', async () => {
    const other = await newPerson({ ...NO_BUS, COFFER_PASSPHRASE_FILE: undefined })
    const ended = await onTerminal(
      [process.execPath, resolve('dist/cli.js'), 'key', 'new', 'mine', '--no-kit'],
      [
        ['Choose a passphrase', 'x'],
        ['once more', 'x'],
        ['at least 12 characters', ''],
      ],
      { env: other.env },
    )
    expect(ended.code, ended.stdout).toBe(6)
    expect(existsSync(join(other.folder, 'home/keys.age'))).toBe(false)
    await other.remove()
  })

  it('is changed with the one that is in use, and the old one opens nothing any more', async () => {
    await writeFile(at('passphrase'), 'correct horse battery\n')
    await writeFile(at('next'), `${NEXT}\n`)
    await writeFile(at('weak'), 'short\n')
    await person.done(['key', 'new', 'mine', '--no-kit'])
    const change = (file: string, options = {}) =>
      person.coffer(['key', 'passphrase', '--new-passphrase-file', at(file)], options)
    expect(await change('weak')).toMatchObject({ code: 2, error: { code: 'INVALID_INPUT' } })
    expect(await change('next', withPassphrase('next'))).toMatchObject({ code: 6, error: { code: 'PASSPHRASE_WRONG' } })
    const before = await readFile(keysFile())
    expect(await change('next')).toMatchObject({ code: 0 })
    expect((await readFile(keysFile())).equals(before)).toBe(false)
    expect(await person.coffer(['key', 'export', 'mine', 'old.key'])).toMatchObject({
      error: { code: 'PASSPHRASE_WRONG' },
    })
    await person.done(['key', 'export', 'mine', 'new.key'], withPassphrase('next'))
    expect(Buffer.from(await readFile(at('new.key'), 'utf8'), 'base64')).toHaveLength(32)
  })

  it('is asked for again at a terminal when it is wrong', async () => {
    const ended = await onTerminal(
      [process.execPath, resolve('dist/cli.js'), 'key', 'export', 'mine', at('asked.key'), '--confirm', 'mine'],
      [
        ['Passphrase:', 'not the right one'],
        ['That is not the passphrase', NEXT],
      ],
      { env: { ...person.env, COFFER_PASSPHRASE_FILE: undefined } },
    )
    expect(ended.code, ended.stdout).toBe(0)
    expect(existsSync(at('asked.key'))).toBe(true)
  })

  it('that is weak and in use still opens its file', async () => {
    const weak = await newPerson({ ...NO_BUS, COFFER_PASSPHRASE_FILE: at('one-letter') })
    await writeFile(at('one-letter'), 'x\n')
    const { sealAge } = await import('../../electron/keys/age.ts')
    const secrets = { coffer: 'secrets', version: 1, secrets: {} }
    await writeFile(join(weak.folder, 'home/keys.age'), await sealAge('x', Buffer.from(JSON.stringify(secrets)), 10))
    await weak.done(['key', 'new', 'mine', '--no-kit'])
    await weak.remove()
  })

  it('is no matter where keys are in the keychain', async () => {
    const other = await newPerson()
    await other.done(['key', 'new', 'mine', '--no-kit'])
    await copyFile(at('next'), join(other.folder, 'next'))
    const refused = await other.coffer(['key', 'passphrase', '--new-passphrase-file', 'next'])
    expect(refused).toMatchObject({ code: 2, error: { code: 'UNSUPPORTED' } })
    await other.remove()
  })
})
