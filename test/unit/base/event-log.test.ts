import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { openEventLog, type EventLog } from '../../../electron/base/event-log.ts'
import { testFolder } from '../store/folder.ts'

let folder: string
let path: string
let log: EventLog
beforeEach(() => {
  folder = testFolder()
  path = join(folder, 'coffer.log')
  log = openEventLog(path, { from: 'main', rotates: true })
})
const read = (): string => readFileSync(path, 'utf8')

describe('the log', () => {
  it('has a line for each event: when, from which process, and codes and counts', () => {
    log.write('app-started', { version: '0.1.0', electron: 'v33.2.1', packaged: true, runs: 3, missing: undefined })
    expect(read()).toMatch(
      /^\d{4}-\d\d-\d\dT[\d:.]+Z main app-started version=\? electron=v33\.2\.1 packaged=true runs=3\n$/,
    )
    if (process.platform !== 'win32') expect(statSync(path).mode & 0o777).toBe(0o600)
  })

  it('takes no name, path, content or key, whatever it is given', () => {
    const key = randomBytes(32)
    const secrets = [key.toString('hex'), key.toString('base64'), '/home/person/tax.pdf', 'two words', 'x'.repeat(40)]
    for (const secret of secrets) log.write('call-failed', { code: secret })
    for (const secret of secrets) expect(read()).not.toContain(secret)
    expect(read().match(/code=\?/g)).toHaveLength(secrets.length)
  })

  it('shows where an error came from, and none of its words', () => {
    const cause = Object.assign(new TypeError('the header was c2VjcmV0'), { code: 'ECONNRESET', key: 'c2VjcmV0' })
    log.trace('call-failed', new Error('of tax.pdf', { cause }), { code: 'INTERNAL' })
    expect(read()).toMatch(/ call-failed code=INTERNAL\n {4}Error\n {8}at .*event-log\.test/)
    expect(read()).toContain('caused by TypeError ECONNRESET\n')
    expect(read()).not.toMatch(/c2VjcmV0|tax\.pdf/)
  })

  it('keeps three files of half a MiB, and no more', () => {
    const other = openEventLog(path, { from: 'engine', rotates: false })
    const facts = Object.fromEntries(Array.from({ length: 300 }, (_, at) => [`name${at}`, 'a'.repeat(30)]))
    for (let round = 0; round < 5; round++) {
      // The engine leaves out what has no room until the main process begins a new file.
      for (let line = 0; line < 60; line++) other.write('filled', facts)
      log.write('round', { round })
    }
    expect(readdirSync(folder).sort()).toEqual(['coffer.log', 'coffer.log.1', 'coffer.log.2'])
    for (const name of readdirSync(folder)) expect(statSync(join(folder, name)).size).toBeLessThan(540 * 1024)
    expect(read()).toContain('round=4')
    expect(readFileSync(`${path}.1`, 'utf8')).toContain('round=3')
  })

  it('goes where no link leads, and stops nobody if it cannot be written', () => {
    if (process.platform === 'win32') return
    writeFileSync(join(folder, 'elsewhere'), '')
    symlinkSync(join(folder, 'elsewhere'), path)
    log.write('started')
    expect(statSync(join(folder, 'elsewhere')).size).toBe(0)
    openEventLog(join(folder, 'gone', 'coffer.log'), { from: 'main', rotates: true }).write('started')
    expect(existsSync(join(folder, 'gone'))).toBe(false)
  })
})
