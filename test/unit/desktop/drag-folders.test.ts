import { existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { openDragFolders } from '../../../electron/desktop/drag-folders.ts'
import { testFolder } from '../store/folder.ts'

const MINUTE = 60_000

afterEach(() => vi.useRealTimers())

describe('a file that is dragged out', () => {
  it('is in a folder of its own that nobody else can read', () => {
    const folders = openDragFolders(join(testFolder(), 'drag'))
    const [one, other] = [folders.make(), folders.make()]
    expect(one).not.toBe(other)
    if (process.platform !== 'win32') expect(statSync(one).mode & 0o777).toBe(0o700)
    const letter = join(one, 'letter.txt')
    expect(folders.holds(letter), 'before it is there').toBe(false)
    mkdirSync(join(one, 'deeper'))
    for (const path of [letter, join(one, 'deeper', 'letter.txt'), join(one, '..', 'letter.txt')])
      writeFileSync(path, '')
    expect(folders.holds(letter)).toBe(true)
    expect(folders.holds(join(one, '..', 'letter.txt'))).toBe(false)
    expect(folders.holds(join(one, 'deeper', 'letter.txt'))).toBe(false)
    expect(folders.holds(one)).toBe(false)
  })

  it('is removed at quit and, if the app was killed, at the next start', () => {
    const parent = join(testFolder(), 'drag')
    mkdirSync(parent)
    writeFileSync(join(parent, 'left'), 'by a run that was killed')
    const folders = openDragFolders(parent)
    expect(existsSync(parent)).toBe(false)
    const letter = join(folders.make(), 'letter.txt')
    writeFileSync(letter, '')
    folders.clear()
    expect(existsSync(parent)).toBe(false)
    expect(folders.holds(letter)).toBe(false)
  })

  it('stays while it is written, and ten minutes after each drag', () => {
    vi.useFakeTimers()
    const folders = openDragFolders(join(testFolder(), 'drag'))
    const letter = join(folders.make(), 'letter.txt')
    vi.advanceTimersByTime(60 * MINUTE)
    writeFileSync(letter, '')
    for (let drag = 0; drag < 3; drag++) {
      expect(folders.holds(letter)).toBe(true)
      folders.keep(letter)
      vi.advanceTimersByTime(9 * MINUTE)
    }
    expect(folders.holds(letter)).toBe(true)
    vi.advanceTimersByTime(2 * MINUTE)
    expect(existsSync(join(letter, '..'))).toBe(false)
  })

  it('that a page fetched which is loaded again is removed, unless it is whole', () => {
    const folders = openDragFolders(join(testFolder(), 'drag'))
    const [whole, unfinished] = [folders.make(), folders.make()]
    writeFileSync(join(whole, 'letter.txt'), '')
    folders.keep(join(whole, 'letter.txt'))
    folders.removeUnfinished()
    expect([existsSync(whole), existsSync(unfinished)]).toEqual([true, false])
  })

  it('that could not be fetched leaves no folder, and nothing else can be removed', () => {
    const parent = join(testFolder(), 'drag')
    const folders = openDragFolders(parent)
    const folder = folders.make()
    folders.remove(parent)
    expect(existsSync(folder)).toBe(true)
    folders.remove(folder)
    expect(existsSync(folder)).toBe(false)
  })
})
