import { asFailure, type CofferClient } from '../../electron/api/client.ts'
import type { Bridge, Given } from '../../electron/api/contract/bridge.ts'
import type { Host, Taken } from '../host.ts'
import type { Drags, Fetched } from '../state/drag-out.ts'

/** The window in the desktop app: paths from the system's own dialogs and from what was dropped. */
export function desktopHost(bridge: Bridge, client: CofferClient): Host {
  const usualFolder = async (): Promise<string> => (await client.settings.get({})).saveFolder

  /** Coffer counts what is in a folder, as the window cannot look into it. */
  const takenOf = async ({ path, name, folder, bytes }: Given): Promise<Taken> => {
    const inside = folder ? await client.transfers.measure({ paths: [path] }) : { files: 1, bytes }
    return { refs: [path], name, folder, files: inside.files, bytes: inside.bytes }
  }
  const take = (given: Given[]): Promise<Taken[]> => Promise.all(given.map(takenOf))

  return {
    kind: 'desktop',
    // The list is read at once: the event empties it.
    takeDrop: async (drop) => take(await bridge.drop([...drop.files])),
    pick: async (what) => take(await bridge.pick(what)),
    async pickFile() {
      const [file] = await bridge.pick('file')
      return file === undefined ? null : { path: file.path }
    },
    savePath: async (name) => bridge.savePath(await usualFolder(), name),
    saveFolder: async () => bridge.saveFolder(await usualFolder()),
    reveal: (path) => bridge.reveal(path),
    openedFile: () => bridge.openedFile(),
    forgetOpenedFile: (path) => bridge.forgetOpenedFile(path),
    onOpenedFile: (listener) => bridge.onOpenedFile(listener),
    openLog: () => bridge.openLog(),
    drags: {
      async fetch(object, onShare) {
        const folder = await bridge.dragFolder()
        const fetched = await fetchInto(folder, client, object, onShare).catch((error: unknown) => ({
          failure: asFailure(error),
        }))
        if ('path' in fetched) await bridge.dragReady(fetched.path)
        else bridge.dropDragFolder(folder)
        return fetched
      },
      begin: (path) => bridge.startDrag(path),
    },
    notify: (title, text, about) => bridge.notify(title, text, about),
    onShow: (listener) => bridge.onShow(listener),
    appSettings: (changes) => (changes === undefined ? bridge.appSettings() : bridge.setAppSettings(changes)),
    setTheme: (theme) => bridge.setTheme(theme),
    runtime: bridge.runtime,
    update: (order) => bridge.update(order),
    onUpdate: (listener) => bridge.onUpdate(listener),
    onCommand: (listener) => bridge.onCommand(listener),
  }
}

/** Only what is proven leaves the window: the file gets its name when it is whole and verified. */
async function fetchInto(
  folder: string,
  client: CofferClient,
  object: Parameters<Drags['fetch']>[0],
  onShare: (share: number) => void,
): Promise<Fetched> {
  const events = await client.objects.get({ ...object, exact: true, to: `${folder}/`, overwrite: 'replace' })
  for await (const event of events) {
    if (event.kind === 'file-done') return { path: event.path }
    if (event.kind === 'file-failed') return { failure: event.error }
    if (event.kind === 'skipped') return { failure: { code: 'LEFT_OUT', message: event.why, hint: '', facts: {} } }
    if (event.kind === 'progress') onShare(event.done / Math.max(1, event.total))
  }
  return { failure: { code: 'OBJECT_NOT_FOUND', message: `There is no ${object.key}.`, hint: '', facts: {} } }
}
