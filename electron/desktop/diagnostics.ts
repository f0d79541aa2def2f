import { join } from 'node:path'
import { app, crashReporter, shell } from 'electron'
import { NO_LOG, openEventLog, type EventLog } from '../base/event-log.ts'
import { makeFolderSync } from '../base/make-folder.ts'
import { pruneCrashDumps } from './crash-dumps.ts'

/** Milliseconds for Crashpad to have written a dump. */
const DUMP_WRITTEN = 2_000

/** The log that the main process and the engine share. */
export function logFile(): string {
  return join(app.getPath('logs'), 'coffer.log')
}

/** Opens the log in whatever shows such files, else shows it in the file manager. */
export async function openLog(): Promise<void> {
  const problem = await shell.openPath(logFile())
  if (problem !== '') shell.showItemInFolder(logFile())
}

/**
 * Begins the log, and dumps of processes that crash: for whoever looks for the cause of a fault on this computer. Nothing of
 * it is sent anywhere. Must be called before the app is ready, and after its `userData` is set. Without the folder for it,
 * Coffer runs all the same.
 */
export function startDiagnostics(): EventLog {
  const logs = join(app.getPath('userData'), 'logs')
  const dumps = join(logs, 'crashes')
  try {
    for (const folder of [logs, dumps]) makeFolderSync(folder, 0o700)
  } catch {
    return NO_LOG
  }
  app.setAppLogsPath(logs)
  app.setPath('crashDumps', dumps)
  const log = openEventLog(logFile(), { from: 'main', rotates: true })
  keepDumps(dumps, log)
  const { electron, chrome } = process.versions
  const versions = { coffer: `v${app.getVersion()}`, electron: `v${electron}`, chrome: `v${chrome}` }
  log.write('app-started', { ...versions, system: process.platform, machine: process.arch, packaged: app.isPackaged })
  watchApp(log)
  return log
}

/** Dumps are written by a process of Chromium's own, and thinned out here. */
function keepDumps(folder: string, log: EventLog): void {
  const prune = (): void => {
    const removed = pruneCrashDumps(folder)
    if (removed > 0) log.write('dumps-removed', { removed })
  }
  const pruneSoon = (): void => void setTimeout(prune, DUMP_WRITTEN).unref()
  prune()
  crashReporter.start({ uploadToServer: false })
  app.on('child-process-gone', pruneSoon)
  app.on('render-process-gone', pruneSoon)
  app.on('quit', prune)
}

function watchApp(log: EventLog): void {
  process.on('uncaughtExceptionMonitor', (error) => log.trace('main-failed', error))
  app.on('child-process-gone', (_event, { type, reason, exitCode, name }) => {
    log.write('process-gone', { type: type.replaceAll(' ', '-'), name: PROGRAMS[name ?? ''], reason, exitCode })
  })
  app.on('render-process-gone', (_event, _page, { reason, exitCode }) => {
    log.write('page-gone', { reason, exitCode })
  })
  app.on('web-contents-created', (_event, page) => {
    page.on('unresponsive', () => log.write('page-unresponsive'))
    page.on('did-fail-load', (_failed, code) => log.write('page-not-loaded', { code }))
  })
  app.on('quit', (_event, exitCode) => log.write('app-ended', { exitCode }))
}

/** The names under which Coffer's own programs run, as the log has them. */
const PROGRAMS: Partial<Record<string, string>> = { Coffer: 'engine', 'Coffer: This computer': 'this-computer' }
