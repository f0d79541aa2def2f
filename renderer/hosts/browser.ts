import type { CofferClient } from '../../electron/api/client.ts'
import type { NotificationSubject } from '../../electron/api/contract/bridge.ts'
import { sessionHeaders } from '../../electron/api/contract/browser-session.ts'
import type { Host, Taken, TakenFile } from '../host.ts'
import { entriesOf, filesBelow, type Found } from './dropped-files.ts'

/** How many files are announced by one message. */
const ANNOUNCE_AT_ONCE = 2000

/** Sends a request that does something below `/drop/`. */
type Post = (
  path: string,
  init: { method: string; headers?: Record<string, string>; body?: BodyInit },
) => Promise<Response>

/**
 * The window in a browser: files are handed over as streams when their turn comes, and saved to the folder in Settings.
 * `secret` is the tab's.
 */
export function browserHost(client: CofferClient, secret: string): Host {
  const files = new Map<string, File>()
  const post: Post = (path, { headers, ...init }) =>
    fetch(path, { ...init, headers: { ...headers, ...sessionHeaders(secret) } })
  const line = openLine(post, files)

  /** Tells Coffer of one dropped file or folder; only names, sizes and dates go over. */
  async function announce(
    name: string,
    folder: boolean,
    found: AsyncIterable<Found> | Iterable<Found>,
  ): Promise<Taken> {
    const refs: string[] = []
    let bytes = 0
    let batch: Found[] = []
    const flush = async (): Promise<void> => {
      const ids = await announceFiles(post, await line, batch)
      ids.forEach((id, at) => {
        const file = batch[at]?.file
        if (file !== undefined) files.set(id, file)
        refs.push(`stream:${id}`)
      })
      batch = []
    }
    for await (const one of found) {
      bytes += one.file.size
      if (batch.push(one) === ANNOUNCE_AT_ONCE) await flush()
    }
    if (batch.length > 0) await flush()
    return { refs, name, folder, files: refs.length, bytes }
  }

  let show: ((about: NotificationSubject) => void) | undefined

  return {
    kind: 'browser',

    async takeDrop(drop) {
      const entries = entriesOf(drop)
      return Promise.all(entries.map((entry) => announce(entry.name, entry.isDirectory, filesBelow(entry))))
    },

    async pick(what) {
      const picked = await chooseFiles({ folder: what === 'folder', several: true })
      if (what === 'files') {
        return Promise.all(picked.map((file) => announce(file.name, false, [{ name: file.name, file }])))
      }
      const found = picked.map((file) => ({ name: file.webkitRelativePath, file }))
      const [folder = ''] = (found[0]?.name ?? '').split('/')
      if (found.length === 0) return []
      return [{ ...(await announce(folder, true, found)), withoutEmptyFolders: true }]
    },

    async pickFile(): Promise<TakenFile | null> {
      const [file] = await chooseFiles({ folder: false, several: false })
      return file === undefined ? null : { base64: await base64Of(file) }
    },

    async savePath(name) {
      const { saveFolder } = await client.settings.get({})
      return { path: `${saveFolder}/${name}`, replaces: false }
    },

    async saveFolder() {
      const { saveFolder } = await client.settings.get({})
      return `${saveFolder}/`
    },

    notify(title, text, about) {
      const isInFront = !document.hidden && document.hasFocus()
      if (isInFront || Notification.permission !== 'granted') return
      const notification = new Notification(title, { body: text })
      notification.addEventListener('click', () => {
        window.focus()
        notification.close()
        if (about !== undefined) show?.(about)
      })
    },

    onShow: (listener) => void (show = listener),

    async mayNotify(ask) {
      if (!('Notification' in window)) return false
      if (ask && Notification.permission === 'default') await Notification.requestPermission()
      return Notification.permission === 'granted'
    },
  }
}

/** Opens the line on which Coffer says which file it wants next. Resolves with the window's id. */
async function openLine(post: Post, files: Map<string, File>): Promise<string> {
  const answer = await post('/drop/line', { method: 'POST' })
  const lines = linesOf(answer)
  const first = (await lines.next()).value as { window: string }
  void (async () => {
    for await (const { wanted, ask } of lines as AsyncIterable<{ wanted: string; ask: string }>) {
      void send(post, ask, files.get(wanted))
    }
  })().catch(() => undefined)
  return first.window
}

/** The browser reads the file from disk as it sends it. What it cannot read, Coffer is told of. */
async function send(post: Post, ask: string, file: File | undefined): Promise<void> {
  try {
    if (file === undefined) throw new Error('no such file')
    await post(`/drop/content/${ask}`, { method: 'PUT', body: file })
  } catch {
    await post(`/drop/failed/${ask}`, { method: 'POST' }).catch(() => undefined)
  }
}

async function* linesOf(answer: Response): AsyncGenerator {
  if (answer.body === null) return
  let rest = ''
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader()
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return
    const lines = (rest + value).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) yield JSON.parse(line)
  }
}

async function announceFiles(post: Post, window: string, found: Found[]): Promise<string[]> {
  const list = found.map(({ name, file }) => ({ name, size: file.size, mtimeMs: file.lastModified }))
  const answer = await post(`/drop/files/${window}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(list),
  })
  if (!answer.ok) throw new Error('Coffer did not take the files.')
  return ((await answer.json()) as { ids: string[] }).ids
}

function chooseFiles({ folder, several }: { folder: boolean; several: boolean }): Promise<File[]> {
  return new Promise((resolve) => {
    const input = document.createElement('input')
    input.type = 'file'
    input.multiple = several
    input.webkitdirectory = folder
    input.hidden = true
    const done = (files: File[]): void => {
      input.remove()
      resolve(files)
    }
    input.addEventListener('change', () => done([...(input.files ?? [])]))
    input.addEventListener('cancel', () => done([]))
    document.body.append(input)
    input.click()
  })
}

function base64Of(file: File): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader()
    reader.addEventListener('load', () => resolve((reader.result as string).replace(/^[^,]*,/, '')))
    reader.addEventListener('error', () => reject(new Error('The browser could not read the file.')))
    reader.readAsDataURL(file)
  })
}
