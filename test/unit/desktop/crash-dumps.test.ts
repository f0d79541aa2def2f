import { mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { pruneCrashDumps } from '../../../electron/desktop/crash-dumps.ts'
import { testFolder } from '../store/folder.ts'

/** An annotation as Crashpad writes it into a minidump, between other bytes. */
function dump(type: string): Buffer {
  const string = (text: string): Buffer => {
    const bytes = Buffer.alloc(4 + Math.ceil(text.length / 4) * 4)
    bytes.writeUInt32LE(text.length)
    bytes.write(text, 4)
    return bytes
  }
  return Buffer.concat([Buffer.from('MDMP\xff'), string('ptype'), string(type), string('platform'), string('linux')])
}

it('dumps of processes that hold keys are removed, and all but the newest five of the others', () => {
  const folder = testFolder()
  mkdirSync(join(folder, 'pending'))
  const write = (name: string, content: Buffer, age: number): void => {
    const path = join(folder, 'pending', `${name}.dmp`)
    writeFileSync(path, content)
    writeFileSync(join(folder, 'pending', `${name}.meta`), '')
    utimesSync(path, 10_000 - age, 10_000 - age)
  }
  write('engine', dump('utility'), 0)
  write('unknown', Buffer.from('MDMP'), 0)
  write('cut-off', dump('renderer').subarray(0, 24), 0)
  write('other', dump('something'), 0)
  for (let age = 1; age <= 7; age++) write(`page${age}`, dump(age % 2 === 0 ? 'renderer' : 'browser'), age)
  writeFileSync(join(folder, 'settings.dat'), '')
  expect(pruneCrashDumps(folder)).toBe(6)
  const left = Array.from({ length: 5 }, (_, at) => [`page${at + 1}.dmp`, `page${at + 1}.meta`]).flat()
  expect(readdirSync(join(folder, 'pending')).sort()).toEqual(left)
  expect(pruneCrashDumps(folder)).toBe(0)
  expect(pruneCrashDumps(join(folder, 'gone'))).toBe(0)
})
