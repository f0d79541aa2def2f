import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { withLock } from '../../../electron/store/lock.ts'
import { testFolder } from './folder.ts'

const run = promisify(execFile)

test('processes and calls take turns', async () => {
  const folder = testFolder()
  const counter = join(folder, 'counter')
  writeFileSync(counter, '0')
  const script = `
    const { withLock } = await import('./electron/store/lock.ts')
    const { readFileSync, writeFileSync } = await import('node:fs')
    const add = () => withLock(${JSON.stringify(join(folder, 'lock'))}, async () => {
      const n = Number(readFileSync(${JSON.stringify(counter)}, 'utf8'))
      await new Promise((resolve) => setTimeout(resolve, 5))
      writeFileSync(${JSON.stringify(counter)}, String(n + 1))
    })
    await Promise.all(Array.from({ length: 5 }, add))`
  await Promise.all([1, 2, 3].map(() => run(process.execPath, ['--input-type=module', '-e', script])))
  expect(readFileSync(counter, 'utf8')).toBe('15')
})

test('a killed holder leaves no lock behind', async () => {
  const path = join(testFolder(), 'lock')
  const script = `
    const { withLock } = await import('./electron/store/lock.ts')
    await withLock(${JSON.stringify(path)}, () => new Promise(() => { console.log('held'); setInterval(() => {}, 1000) }))`
  const holder = spawn(process.execPath, ['--input-type=module', '-e', script])
  await once(holder.stdout, 'data')
  await expect(withLock(path, () => Promise.resolve(1), 100)).rejects.toMatchObject({ code: 'LOCAL_IO' })
  holder.kill('SIGKILL')
  await once(holder, 'exit')
  expect(await withLock(path, () => Promise.resolve(2))).toBe(2)
  expect(statSync(path).mode & 0o777).toBe(0o600)
})

test('the lock is let go when the work fails', async () => {
  const path = join(testFolder(), 'lock')
  await expect(withLock(path, () => Promise.reject(new Error('no')))).rejects.toThrow('no')
  expect(await withLock(path, () => Promise.resolve(3), 0)).toBe(3)
})
