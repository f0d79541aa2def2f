import { chmodSync, existsSync, mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { succeed } from '../../support/run.ts'
import { testFolder } from '../store/folder.ts'

/** Runs a program in a process of its own that keeps what is compiled of it in `home`. */
async function run(home: string): Promise<string> {
  const [program, part] = [join(home, '..', 'program.mjs'), join(home, '..', 'part.mjs')]
  const keeps = resolve('electron/base/compiled.ts')
  writeFileSync(part, 'export const said = "ran"\n')
  writeFileSync(
    program,
    `import { keepCompiled } from ${JSON.stringify(keeps)}\nkeepCompiled(${JSON.stringify(home)})\n` +
      `console.log((await import(${JSON.stringify(part)})).said)\n`,
  )
  return succeed(process.execPath, [program], { env: { NODE_COMPILE_CACHE: undefined } })
}

test('what is compiled stays in a folder of the owner alone, and the program runs as before', async () => {
  const home = join(testFolder(), 'home')
  mkdirSync(home, { mode: 0o700 })
  expect((await run(home)).trim()).toBe('ran')
  expect(readdirSync(join(home, 'compiled'))).not.toEqual([])
  if (process.platform !== 'win32') expect(statSync(join(home, 'compiled')).mode & 0o777).toBe(0o700)
  expect((await run(home)).trim()).toBe('ran')
})

test('a home that is not there is not made for it', async () => {
  const home = join(testFolder(), 'home')
  expect((await run(home)).trim()).toBe('ran')
  expect(existsSync(home)).toBe(false)
})

test.skipIf(process.platform === 'win32')('where others may write, nothing is kept and nothing is run', async () => {
  const open = join(testFolder(), 'home')
  mkdirSync(open)
  chmodSync(open, 0o777)
  await run(open)
  expect(readdirSync(open)).toEqual([])

  const linked = join(testFolder(), 'home')
  const elsewhere = testFolder()
  mkdirSync(linked, { mode: 0o700 })
  symlinkSync(elsewhere, join(linked, 'compiled'))
  await run(linked)
  expect(readdirSync(elsewhere)).toEqual([])
})
