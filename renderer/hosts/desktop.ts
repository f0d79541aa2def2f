import type { CofferClient } from '../../electron/api/client.ts'
import type { Bridge, Given } from '../../electron/api/contract/bridge.ts'
import type { Host, Taken } from '../host.ts'

/** The window in the desktop app: paths from the system's own dialogs and from what was dropped. */
export function desktopHost(bridge: Bridge, client: CofferClient): Host {
  const usualFolder = async (): Promise<string> => (await client.settings.get({})).saveFolder

  return {
    kind: 'desktop',
    // The list is read at once: the event empties it.
    takeDrop: async (drop) => (await bridge.drop([...drop.files])).map(takenOf),
    pick: async (what) => (await bridge.pick(what)).map(takenOf),
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
    onCommand: (listener) => bridge.onCommand(listener),
  }
}

function takenOf({ path, name, folder, bytes }: Given): Taken {
  return { refs: [path], name, folder, files: folder ? 0 : 1, bytes }
}
