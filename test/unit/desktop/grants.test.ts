import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openGrants, type Grant } from '../../../electron/api/grants.ts'
import { suggestedName } from '../../../electron/desktop/file-name.ts'
import { openGrantBook } from '../../../electron/desktop/grants.ts'
import { restartClock } from '../../../electron/desktop/restart-clock.ts'
import { testFolder } from '../store/folder.ts'

describe('what a person gave', () => {
  it('is told at once, and again to an engine that takes the place of one that fell', async () => {
    const told: Grant[] = []
    const book = openGrantBook((grants) => Promise.resolve(void told.push(...grants)))
    await book.give('read', '/a', '/b')
    await book.give('write', '/a')
    await book.give('read', '/a')
    const all = [
      { way: 'read', path: '/a' },
      { way: 'read', path: '/b' },
      { way: 'write', path: '/a' },
    ]
    expect(told).toEqual([...all, all[0]])
    told.length = 0
    book.repeat()
    expect(told).toEqual(expect.arrayContaining(all))
    expect(told).toHaveLength(3)
  })

  it('opens the gate for itself and for what is below it, and for nothing else', async () => {
    const folder = testFolder()
    mkdirSync(join(folder, 'given'))
    writeFileSync(join(folder, 'letter.txt'), '')
    symlinkSync(folder, join(folder, 'given', 'way-out'))
    const gate = openGrants()
    expect(await gate.mayRead(join(folder, 'letter.txt'))).toBe(false)
    await gate.add({ way: 'read', path: join(folder, 'letter.txt') })
    await gate.add({ way: 'write', path: join(folder, 'given') })
    expect(await gate.mayRead(join(folder, 'letter.txt'))).toBe(true)
    expect(await gate.mayWrite(join(folder, 'letter.txt'))).toBe(false)
    expect(await gate.mayWrite(join(folder, 'given', 'new', 'file'))).toBe(true)
    expect(await gate.mayWrite(`${join(folder, 'given')}/`)).toBe(true)
    expect(await gate.mayRead(join(folder, 'given'))).toBe(false)
    expect(await gate.mayWrite(join(folder, 'given', 'way-out', 'file'))).toBe(false)
    expect(await gate.mayWrite(join(folder, 'given', '..', 'file'))).toBe(false)
    expect(await gate.mayWrite('given')).toBe(false)
  })
})

it.each([
  ['letter.pdf', 'letter.pdf'],
  ['a/b\\c:d*e?.txt', 'a-b-c-d-e-.txt'],
  ['..', 'file'],
  ['.bashrc', 'bashrc'],
  ['', 'file'],
  ['name. . ', 'name'],
  ['a\u0000\nb', 'a--b'],
  ['x'.repeat(500), 'x'.repeat(200)],
])('a save dialog begins with a name that every system takes: %j', (name, suggested) => {
  expect(suggestedName(name)).toBe(suggested)
})

it('an engine that falls again and again is left alone; one that falls now and then is started again', () => {
  const hasty = restartClock()
  expect([0, 1_000, 2_000, 3_000].map((now) => hasty.mayRestart(now))).toEqual([true, true, true, false])
  const calm = restartClock()
  expect([0, 30_000, 61_000, 92_000, 123_000].map((now) => calm.mayRestart(now))).toEqual([
    true,
    true,
    true,
    true,
    true,
  ])
})
