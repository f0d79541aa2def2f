import { existsSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { findInstance, takeInstance } from '../../../electron/store/instance.ts'
import { testFolder } from './folder.ts'

test('one of a name runs over a folder, and tells how it is reached', async () => {
  const home = testFolder()
  const first = takeInstance(home, 'window')
  expect(first).not.toBeNull()
  expect(takeInstance(home, 'window')).toBeNull()
  expect(findInstance(home, 'window')).toBeUndefined()
  await first?.announce({ port: 1, secret: 's' })
  expect(findInstance(home, 'window')).toEqual({ port: 1, secret: 's' })
  if (process.platform !== 'win32') expect(statSync(join(home, 'window.json')).mode & 0o777).toBe(0o600)
  takeInstance(home, 'other')?.[Symbol.dispose]()

  first?.[Symbol.dispose]()
  expect(existsSync(join(home, 'window.json'))).toBe(false)
  expect(findInstance(home, 'window')).toBeUndefined()
  takeInstance(home, 'window')?.[Symbol.dispose]()
})

test('what one that was killed left behind is nobody’s', () => {
  const home = testFolder()
  writeFileSync(join(home, 'window.json'), '{"port":1,"secret":"s"}')
  expect(findInstance(home, 'window')).toBeUndefined()
  using next = takeInstance(home, 'window')
  expect(next).not.toBeNull()
  expect(existsSync(join(home, 'window.json'))).toBe(false)
})
