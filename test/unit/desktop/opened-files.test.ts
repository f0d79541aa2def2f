import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { beforeEach, describe, expect, it } from 'vitest'
import { kitIn, openedFile } from '../../../electron/desktop/opened-files.ts'
import { testFolder } from '../store/folder.ts'

let folder: string
beforeEach(() => {
  folder = testFolder()
  for (const name of ['my keys.age', 'mine.coffer-kit', 'LOUD.AGE', 'letter.pdf']) writeFileSync(join(folder, name), '')
  mkdirSync(join(folder, 'folder.age'))
})

describe('the kit that the app is started with', () => {
  it.each([
    ['my keys.age', 'my keys.age'],
    ['./mine.coffer-kit', 'mine.coffer-kit'],
    ['LOUD.AGE', 'LOUD.AGE'],
  ])('is a file named %j, below the folder it was started in', (arg, name) => {
    expect(kitIn(['/opt/Coffer/coffer', '--enable-features=x', arg], folder)).toBe(join(folder, name))
  })

  it('may come as an address', () => {
    const path = join(folder, 'my keys.age')
    expect(kitIn(['coffer', pathToFileURL(path).href], '/')).toBe(path)
  })

  it.each([
    ['letter.pdf'],
    ['folder.age'],
    ['gone.age'],
    ['--kit=mine.age'],
    ['file://other-host/my%20keys.age'],
    ['file:///%'],
    ['https://example.com/my%20keys.age'],
  ])('is not %j', (arg) => {
    expect(kitIn(['coffer', arg], folder)).toBeUndefined()
  })
})

it('the file that was opened last stays until the window is done with it', () => {
  let announced = 0
  const opened = openedFile(() => announced++)
  expect(opened.path()).toBeUndefined()
  opened.open('/one.age')
  opened.open('/two.age')
  expect(announced).toBe(2)
  opened.forget('/one.age')
  expect(opened.path()).toBe('/two.age')
  opened.forget('/two.age')
  expect(opened.path()).toBeUndefined()
})
