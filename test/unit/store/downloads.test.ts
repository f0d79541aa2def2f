import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { openDatabase } from '../../../electron/store/database.ts'
import { openDownloads, type DownloadOrder, type Downloads } from '../../../electron/store/downloads.ts'
import { testFolder } from './folder.ts'

function open(home: string): Downloads {
  const db = openDatabase(home)
  const downloads = openDownloads(db, home)
  onTestFinished(() => {
    downloads.close()
    db.close()
  })
  return downloads
}

function orderTo(path: string, more: Partial<DownloadOrder> = {}): DownloadOrder {
  const object = { place: 'p', bucket: 'b', key: 'k', versionId: undefined, etag: '"1"', size: 100, mode: 'cse-c' }
  return { path, ...object, ...more }
}

/** Another process, at work on a download in `folder` until it is killed. */
async function otherProcess(home: string, folder: string): Promise<{ kill(): Promise<void> }> {
  const script = `
    const { openDatabase } = await import('./electron/store/database.ts')
    const { openDownloads } = await import('./electron/store/downloads.ts')
    const { writeFileSync } = await import('node:fs')
    const downloads = openDownloads(openDatabase(${JSON.stringify(home)}), ${JSON.stringify(home)})
    const order = ${JSON.stringify(orderTo(join(folder, 'large')))}
    const kept = downloads.keep(order)
    const none = downloads.keep({ ...order, path: order.path + '-2' })
    for (const path of [kept.temporary, none.temporary, await downloads.temporaryFor(order.path)]) writeFileSync(path, 'x')
    kept.reached({ done: 50, crc: 7 })
    console.log('ready')
    setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', script])
  await once(child.stdout, 'data')
  return {
    async kill() {
      child.kill('SIGKILL')
      await once(child, 'exit')
    },
  }
}

test('what a process is at is its own while it lives, and anybody’s to go on with once it was killed', async () => {
  const home = testFolder()
  const folder = join(home, 'files')
  await mkdir(folder)
  const other = await otherProcess(home, folder)
  const downloads = open(home)
  downloads.sweep()
  expect(downloads.keep(orderTo(join(folder, 'large')))).toBeNull()
  expect(downloads.giveUp(join(folder, 'large'))).toBe(false)
  expect(readdirSync(folder)).toHaveLength(3)

  await other.kill()
  downloads.sweep()
  const [stray, ...more] = downloads.strays()
  expect(more).toEqual([])
  expect(stray).toMatchObject({ path: join(folder, 'large'), done: 50, size: 100 })
  expect(readdirSync(folder).map((name) => join(folder, name))).toEqual([stray?.temporary])
  // Our own.
  expect(readdirSync(home).filter((name) => name.endsWith('.lock'))).toHaveLength(1)

  const kept = downloads.keep(orderTo(join(folder, 'large')))
  expect(kept).toMatchObject({ done: 50, crc: 7, temporary: stray?.temporary })
  kept?.drop()
  expect(readdirSync(folder)).toEqual([])
})

test.for([
  ['etag', { etag: '"2"' }],
  ['version', { versionId: 'v' }],
  ['size', { size: 101 }],
  ['way to encrypt', { mode: 'sse-s3' }],
  ['key', { key: 'other' }],
  ['place', { place: 'other' }],
] as const)('another %s is another download: the old temporary goes', ([, changed]) => {
  const home = testFolder()
  const downloads = open(home)
  const first = downloads.keep(orderTo(join(home, 'file')))
  writeFileSync(first?.temporary ?? '', 'x')
  first?.reached({ done: 50, crc: 7 })
  first?.leave()
  const second = downloads.keep(orderTo(join(home, 'file'), changed))
  expect(second).toMatchObject({ done: 0, crc: 0 })
  expect(second?.temporary).not.toBe(first?.temporary)
  expect(existsSync(first?.temporary ?? '')).toBe(false)
})

test('one that waits for a repetition can be given up, and one that is under way cannot', () => {
  const home = testFolder()
  const downloads = open(home)
  const path = join(home, 'file')
  const kept = downloads.keep(orderTo(path))
  writeFileSync(kept?.temporary ?? '', 'x')
  expect(downloads.keep(orderTo(path))).toBeNull()
  expect(downloads.giveUp(path)).toBe(false)
  kept?.leave()
  expect(downloads.giveUp(path)).toBe(true)
  expect(downloads.giveUp(path)).toBe(false)
  expect(existsSync(kept?.temporary ?? '')).toBe(false)
})

test('the names of many temporaries differ, and their folder is written down once', async () => {
  const home = testFolder()
  const downloads = open(home)
  const names = await Promise.all([1, 2, 3].map(() => downloads.temporaryFor(join(home, 'file'))))
  expect(new Set(names).size).toBe(3)
  for (const name of names) expect(name).toMatch(/\/\.coffer-[0-9a-f]{16}\.part$/)
})
