import type { CofferClient } from '../../electron/api/client.ts'
import type { Bridge, Given } from '../../electron/api/contract/bridge.ts'
import type { Host, Taken } from '../host.ts'

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
    async dragOut({ place, bucket, key }) {
      const name = key.split('/').at(-1) ?? ''
      if (name === '') return
      const folder = await bridge.dragFolder()
      // Only what has been proven leaves the window: the file is whole and verified before it can be dropped anywhere.
      for await (const event of await client.objects.get({
        place,
        bucket,
        key,
        to: `${folder}/`,
        overwrite: 'replace',
      })) {
        if (event.kind === 'file-done') bridge.startDrag(event.path)
      }
    },
    setProgress: (value) => bridge.setProgress(value),
    notify: (title, text) => bridge.notify(title, text),
    setTheme: (theme) => bridge.setTheme(theme),
    runtime: bridge.runtime,
    update: (order) => bridge.update(order),
    onUpdate: (listener) => bridge.onUpdate(listener),
    onCommand: (listener) => bridge.onCommand(listener),
  }
}
