import { mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { homedir, userInfo } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { cofferHome, homeId, makeHome } from '../../../electron/store/home.ts'
import { testFolder } from './folder.ts'

test('COFFER_HOME moves the folder on every system', () => {
  for (const platform of ['linux', 'darwin', 'win32'] as const) {
    expect(cofferHome({ COFFER_HOME: '/a/b' }, platform)).toBe('/a/b')
  }
})

test('each system has its own place', () => {
  expect(cofferHome({}, 'linux')).toBe(join(homedir(), '.local/share/coffer'))
  expect(cofferHome({ XDG_DATA_HOME: '/data' }, 'linux')).toBe('/data/coffer')
  expect(cofferHome({ XDG_DATA_HOME: 'relative' }, 'linux')).toBe(join(homedir(), '.local/share/coffer'))
  expect(cofferHome({}, 'darwin')).toBe(join(homedir(), 'Library/Application Support/Coffer'))
  expect(cofferHome({ APPDATA: '/roaming' }, 'win32')).toBe('/roaming/Coffer')
})

test('the folder is made for its owner only', () => {
  const home = makeHome(join(testFolder(), 'a', 'coffer'))
  expect(statSync(home).mode & 0o777).toBe(0o700)
})

test('a folder that cannot be made is LOCAL_IO', () => {
  const file = join(testFolder(), 'file')
  writeFileSync(file, '')
  expect(() => makeHome(join(file, 'coffer'))).toThrow(expect.objectContaining({ code: 'LOCAL_IO' }) as Error)
})

test('one folder has one id, by whatever path it is reached', () => {
  const folder = testFolder()
  mkdirSync(join(folder, 'real'))
  symlinkSync(join(folder, 'real'), join(folder, 'link'))
  const id = homeId(makeHome(join(folder, 'real')))
  expect(id).toMatch(/^[0-9a-f]{16}$/)
  expect(homeId(makeHome(join(folder, 'link')))).toBe(id)
})

test('only the default folder has the id default, whatever XDG_DATA_HOME says', () => {
  expect(homeId(join(userInfo().homedir, '.local/share/coffer'), 'linux')).toBe('default')
  expect(homeId('/elsewhere/coffer', 'linux')).not.toBe('default')
})
