import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { NO_TRANSFERS } from '../../../electron/api/transfer-status.ts'
import { autostartEntry, isEntryOn } from '../../../electron/desktop/autostart-entry.ts'
import { openLastFolders } from '../../../electron/desktop/last-folders.ts'
import { openPreferences } from '../../../electron/desktop/preferences.ts'
import { trayTemplate, trayText } from '../../../electron/desktop/tray-menu.ts'
import { testFolder } from '../store/folder.ts'

describe('the entry that starts Coffer at login', () => {
  it('quotes by the rules of desktop entries', () => {
    const entry = autostartEntry(['/opt/My "App"/$x`y\\z', '100%', '--background'], { COFFER_HOME: '/home/me/a b' })
    const exec = String.raw`Exec="env" "COFFER_HOME=/home/me/a b" "/opt/My \\"App\\"/\\$x\\${'`'}y\\\\z" "100%%" "--background"`
    expect(entry.split('\n')).toContain(exec)
    expect(autostartEntry(['/opt/coffer'], {})).toContain('\nExec="/opt/coffer"\n')
  })

  it('counts as off if the desktop’s settings have switched it off', () => {
    const entry = autostartEntry(['/opt/coffer'], {})
    expect(isEntryOn(entry)).toBe(true)
    expect(isEntryOn(`${entry}Hidden=true\n`)).toBe(false)
    expect(isEntryOn(entry.replace('enabled=true', 'enabled=false'))).toBe(false)
  })
})

describe('what the tray says', () => {
  const status = { ...NO_TRANSFERS, files: 10, filesDone: 3, bytes: 200, bytesDone: 91 }

  it.each([
    ['No transfers', NO_TRANSFERS, false],
    ['Transferring: 3 of 10 files, 45 %', { ...status, running: 1 }, false],
    ['Waiting for the server', { ...status, waiting: 1 }, false],
    ['Transfers are paused', { ...status, paused: 2 }, false],
    ['Waiting for the keychain to be unlocked', { ...status, running: 1 }, true],
  ])('is: %s', (text, transfers, isKeychainAwaited) => {
    expect(trayText({ transfers, isKeychainAwaited })).toBe(text)
  })

  it.each([
    ['nothing is under way', NO_TRANSFERS, 'Pause All Transfers', false],
    ['some run and some are paused', { ...status, running: 1, paused: 1 }, 'Pause All Transfers', true],
    ['all are paused', { ...status, paused: 2 }, 'Resume All Transfers', true],
  ])('offers, if %s, what helps', (_, transfers, label, enabled) => {
    const nothing = (): void => undefined
    const actions = { open: nothing, pause: nothing, resume: nothing, quit: nothing }
    const entry = trayTemplate({ transfers, isKeychainAwaited: false }, actions)[3]
    expect([entry?.label, entry?.enabled ?? true]).toEqual([label, enabled])
  })
})

describe('where dialogs begin', () => {
  it('is where the person last was, also after a restart, while that is there', () => {
    const folder = testFolder()
    const file = join(folder, 'desktop.json')
    for (const name of ['papers', 'saved', 'usual', 'other']) mkdirSync(join(folder, name))
    const [saved, usual, other] = ['saved', 'usual', 'other'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ]
    const before = openLastFolders(openPreferences(file))
    expect([before.toOpen(), before.toSave(usual)]).toEqual([undefined, usual])
    before.opened(join(folder, 'papers', 'letter.txt'))
    before.saved(saved, usual)

    const after = openLastFolders(openPreferences(file))
    expect(after.toOpen()).toBe(join(folder, 'papers'))
    expect(after.toSave(usual)).toBe(saved)
    // Another folder for saved files was chosen in Settings.
    expect(after.toSave(other)).toBe(other)
    after.saved(join(folder, 'gone'), usual)
    expect(after.toSave(usual)).toBe(usual)
  })

  it('is the system’s choice if what was kept cannot be read', () => {
    const file = join(testFolder(), 'desktop.json')
    writeFileSync(file, '{"openFolder":1}')
    expect(openLastFolders(openPreferences(file)).toOpen()).toBeUndefined()
  })
})
