import { randomBytes } from 'node:crypto'
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openCommitLog, type CommitLog } from '../../../../electron/localcloud/storage/log/commit-log.ts'
import { listLog, opensLog, readCommits, readEnd } from '../../../../electron/localcloud/storage/log/log-folder.ts'
import { openStorage, type Storage } from '../../../../electron/localcloud/storage/storage.ts'

const logKey = randomBytes(32)
let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'coffer-log-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

function open(): CommitLog {
  const files = listLog(folder)
  return openCommitLog(files, logKey, readEnd(files, logKey).lastSeq)
}

function read(): { commits: string[]; lastSeq: number; isDamaged: boolean } {
  const frames = readCommits(listLog(folder), logKey, 0)
  const commits: string[] = []
  for (;;) {
    const next = frames.next()
    if (next.done === true) return { commits, ...next.value }
    commits.push(`${String(next.value.seq)} ${next.value.payload.toString()}`)
  }
}

function write(...texts: string[]): void {
  const log = open()
  for (const text of texts) log.append(Buffer.from(text))
  log.close()
}

const onlyFile = (): string => join(folder, readdirSync(folder)[0] ?? '')

describe('the log', () => {
  it('gives back what was appended, over several starts, in one file', () => {
    write('a', 'b')
    write('c')
    expect(read()).toEqual({ commits: ['1 a', '2 b', '3 c'], lastSeq: 3, isDamaged: false })
    expect(readdirSync(folder)).toHaveLength(1)
  })

  it('goes on in a new file behind an end that is torn', () => {
    write('a', 'b')
    truncateSync(onlyFile(), readFileSync(onlyFile()).length - 3)
    write('c')
    expect(read()).toEqual({ commits: ['1 a', '2 c'], lastSeq: 2, isDamaged: false })
    appendFileSync(join(folder, readdirSync(folder).sort().at(-1) ?? ''), 'the beginning of a frame')
    write('d')
    expect(read()).toEqual({ commits: ['1 a', '2 c', '3 d'], lastSeq: 3, isDamaged: false })
  })

  it('takes an append back, and what comes next has its number', () => {
    const log = open()
    log.append(Buffer.from('a'))
    log.append(Buffer.from('undone'))
    log.retract()
    expect(log.lastSeq).toBe(1)
    log.append(Buffer.from('b'))
    log.close()
    expect(read().commits).toEqual(['1 a', '2 b'])
  })

  it('says what is damaged, and reads on behind it', () => {
    write('a', 'b', 'c')
    const bytes = readFileSync(onlyFile())
    const second = bytes.indexOf(bytes.subarray(64, 68), 70)
    bytes[second + 30] = (bytes[second + 30] ?? 0) ^ 1
    writeFileSync(onlyFile(), bytes)
    expect(read()).toEqual({ commits: ['1 a', '3 c'], lastSeq: 3, isDamaged: true })
  })

  it('says when a file is missing', () => {
    const log = open()
    for (const text of ['a', 'b', 'c']) {
      log.append(Buffer.from(text))
      log.rotate()
    }
    log.close()
    rmSync(join(folder, readdirSync(folder).sort()[1] ?? ''))
    expect(read()).toEqual({ commits: ['1 a', '3 c'], lastSeq: 3, isDamaged: true })
  })

  it('opens under its own key only, and holds nothing in the clear', () => {
    expect(opensLog(folder, logKey)).toBeNull()
    write('a secret name')
    expect(opensLog(folder, logKey)).toBe(true)
    expect(opensLog(folder, randomBytes(32))).toBe(false)
    expect(readFileSync(onlyFile()).includes('secret')).toBe(false)
  })
})

describe('a snapshot', () => {
  const options = { logKey, descriptionKey: randomBytes(32), keepRemovedMs: 0, onSlow: () => undefined }
  const start = (): Promise<Storage> => openStorage({ ...options, dataDir: folder, rebuild: false })
  const logNames = (): string[] => readdirSync(join(folder, 'objects', 'log'))
  const facts = { size: 1, etag: '', modifiedMs: 1, checksum: undefined, blob: null }

  it('is written while commits go on, once the log has grown, and yields the index with what came after it', async () => {
    const storage = await start()
    await storage.database.commit(() => storage.buckets.create('kept', 'r'))
    for (let round = 0; round < 40; round++) {
      const sealed = randomBytes(500_000)
      await storage.database.commit(() => storage.pieces.put('object', { ...facts, number: round % 3, sealed }))
    }
    await expect.poll(logNames).toContainEqual(expect.stringMatching(/\.snapshot$/))
    await storage.database.commit(() => storage.buckets.create('later', 'r'))
    const before = storage.pieces.list('object')
    await storage.close()
    for (const suffix of ['', '-wal', '-shm']) rmSync(join(folder, `s3.db${suffix}`), { force: true })
    // What the snapshot replaces is not needed any more.
    const { obsolete } = listLog(join(folder, 'objects', 'log'))
    expect(obsolete.length).toBeGreaterThan(0)
    for (const { path } of obsolete) rmSync(path)
    const again = await start()
    expect(again.buckets.list().map(({ name }) => name)).toEqual(['kept', 'later'])
    expect(again.pieces.list('object')).toEqual(before)
    expect(again.notices.map(({ message }) => message)).toEqual([expect.not.stringContaining('damaged')])
    await again.close()
  })
})
