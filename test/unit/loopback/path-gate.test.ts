import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { pathGate } from '../../../electron/loopback/path-gate.ts'

const person = realpathSync(mkdtempSync(join(tmpdir(), 'coffer-gate-')))
const downloads = join(person, 'Downloads')
mkdirSync(join(downloads, 'deep'), { recursive: true })
mkdirSync(join(person, '.ssh'))
mkdirSync(join(person, 'Downloads2'))
mkdirSync(join(person, 'Coffer'))
symlinkSync(join(person, '.ssh'), join(downloads, 'way-out'))
symlinkSync(downloads, join(person, 'way-in'))
afterAll(() => rmSync(person, { recursive: true }))

const folders = { own: join(person, 'Coffer'), person }
const gate = pathGate({ saveFolder: () => Promise.resolve(downloads), ...folders })

describe('a window in a browser', () => {
  it.each([downloads, '/etc/passwd', join(downloads, 'a'), ''])('reads nothing by its path: %j', async (path) => {
    expect(await gate.mayRead(path)).toBe(false)
  })

  it.each(['', 'letter.pdf', 'deep/letter.pdf', 'not/there/yet', 'deep/../letter.pdf', '..name', 'x/'])(
    'saves below the chosen folder: %j',
    async (name) => {
      expect(await gate.mayWrite(`${downloads}/${name}`)).toBe(true)
    },
  )

  it('saves there by another name of it', async () => {
    expect(await gate.mayWrite(join(person, 'way-in', 'letter.pdf'))).toBe(true)
  })

  it.each([
    ['beside it', `${downloads}/../letter.pdf`],
    ['in one whose name begins the same', `${person}/Downloads2/letter.pdf`],
    ['where a link leads out of it', `${downloads}/way-out/authorized_keys`],
    ['below such a link, where nothing is yet', `${downloads}/way-out/new/file`],
    ['at a path that is not whole', 'letter.pdf'],
    ['at a path that is not whole but is below the folder from somewhere', 'Downloads/letter.pdf'],
    ['at a path with a NUL', `${downloads}/a\0b`],
    ['below a file', '/etc/passwd/letter.pdf'],
    ['at the root', '/'],
  ])('saves nothing %s', async (_, path) => {
    expect(await gate.mayWrite(path)).toBe(false)
  })

  it('saves nothing if the chosen folder is gone and something else lies above', async () => {
    const lost = pathGate({ saveFolder: () => Promise.resolve(join(person, 'gone')), ...folders })
    expect(await lost.mayWrite(join(person, 'letter.pdf'))).toBe(false)
  })

  it.each([downloads, join(downloads, 'deep'), '/media/disk'])('may choose the folder %s', async (path) => {
    expect(await gate.mayBecomeSaveFolder(path)).toBe(true)
  })

  it.each([
    ['a hidden one', join(person, '.ssh')],
    ['one below a hidden one', join(person, '.config', 'autostart')],
    ['a link to a hidden one', join(downloads, 'way-out')],
    ['the home folder itself', person],
    ['the folder above it', join(person, '..')],
    ['Coffer’s own', join(person, 'Coffer')],
    ['one below Coffer’s own', join(person, 'Coffer', 'this-computer')],
    ['one of programs on macOS', join(person, 'Library', 'LaunchAgents')],
    ['one of programs on Windows', join(person, 'AppData', 'Roaming')],
    ['the root', '/'],
    ['a path that is not whole', 'Downloads'],
  ])('may not choose %s', async (_, path) => {
    expect(await gate.mayBecomeSaveFolder(path)).toBe(false)
  })
})
