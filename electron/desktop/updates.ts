import type { AppUpdater, ProgressInfo } from 'electron-updater'
import type { UpdateFailure, UpdateOrder, UpdateState } from '../api/contract/updates.ts'
import { updatesOff, type UpdateFacts } from './update-facts.ts'

export interface UpdateParts extends UpdateFacts {
  /** Transfers are under way. */
  isBusy(): Promise<boolean>
  /** Lets everything end that must not be cut off, before the program is replaced. */
  stop(): Promise<void>
  /** The update could not be installed, and what was stopped for it has to be started again. */
  onNotInstalled(): void
  onChange(state: UpdateState): void
}

/** Answers a person's order with where the update is then; further steps go to `onChange`. */
export type Updates = (order: UpdateOrder) => Promise<UpdateState>

/** Updates of this app, each step of which a person asks for. Transfers are never cut off. */
export function openUpdates(parts: UpdateParts): Updates {
  const off = updatesOff(parts)
  let state: UpdateState = off === null ? { kind: 'idle' } : { kind: 'off', why: off }
  let made: Promise<AppUpdater> | undefined

  const become = (next: UpdateState): void => {
    state = next
    parts.onChange(next)
  }
  const updater = (): Promise<AppUpdater> => (made ??= load(parts))

  async function check(): Promise<void> {
    become({ kind: 'checking' })
    try {
      const found = await (await updater()).checkForUpdates()
      become(found?.isUpdateAvailable ? { kind: 'found', version: found.updateInfo.version } : { kind: 'newest' })
    } catch (error) {
      become({ kind: 'failed', failure: await failureOf(error) })
    }
  }

  async function fetch(version: string): Promise<void> {
    if (await parts.isBusy()) {
      become({ kind: 'found', version, failure: 'busy' })
      return
    }
    become({ kind: 'fetching', version, part: 0 })
    const from = await updater()
    const onProgress = ({ percent }: ProgressInfo): void => become({ kind: 'fetching', version, part: percent / 100 })
    from.on('download-progress', onProgress)
    try {
      await from.downloadUpdate()
      become({ kind: 'ready', version })
    } catch (error) {
      become({ kind: 'found', version, failure: await failureOf(error) })
    } finally {
      from.off('download-progress', onProgress)
    }
  }

  async function install(version: string): Promise<void> {
    if (await parts.isBusy()) {
      become({ kind: 'ready', version, failure: 'busy' })
      return
    }
    become({ kind: 'installing', version })
    const from = await updater()
    from.once('error', () => parts.onNotInstalled())
    await parts.stop()
    from.quitAndInstall()
  }

  return async (order) => {
    if (order === 'check' && (state.kind === 'idle' || state.kind === 'newest' || state.kind === 'failed'))
      await check()
    if (order === 'fetch' && state.kind === 'found') await fetch(state.version)
    if (order === 'install' && state.kind === 'ready') await install(state.version)
    return state
  }
}

async function load({ kind, feed }: UpdateFacts): Promise<AppUpdater> {
  const { makeUpdater } = await import('./updater.ts')
  if (kind === null || feed === undefined) throw new Error('this copy has no updates')
  return makeUpdater(kind, feed)
}

async function failureOf(error: unknown): Promise<UpdateFailure> {
  const { UnsignedListError } = await import('./updater.ts')
  if (error instanceof UnsignedListError) return 'unsigned'
  if (!(error instanceof Error)) return 'unusable'
  const { code } = error as { code?: unknown }
  if (code === 'ERR_CHECKSUM_MISMATCH') return 'changed'
  // Chromium's words for a network that does not lead there.
  return error.message.startsWith('net::') ? 'unreachable' : 'unusable'
}
