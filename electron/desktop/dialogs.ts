import { existsSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { basename, dirname, isAbsolute, join } from 'node:path'
import { dialog, type BrowserWindow, type OpenDialogOptions } from 'electron'
import type { Given } from '../api/contract/bridge.ts'
import { suggestedName } from './file-name.ts'
import type { GrantBook } from './grants.ts'
import type { LastFolders } from './last-folders.ts'

type Property = NonNullable<OpenDialogOptions['properties']>[number]

const PICKING: Record<'files' | 'folder' | 'file', { title: string; properties: Property[] }> = {
  files: { title: 'Add files', properties: ['openFile', 'multiSelections'] },
  folder: { title: 'Add a folder', properties: ['openDirectory'] },
  file: { title: 'Choose a file', properties: ['openFile'] },
}

/** What the dialogs share. */
export interface DialogContext {
  book: GrantBook
  folders: LastFolders
}

/** Whatever a person chooses in the system's dialogs is granted to the window, and nothing else is. */
export async function pick(
  window: BrowserWindow,
  { book, folders }: DialogContext,
  what: keyof typeof PICKING,
): Promise<Given[]> {
  const folder = folders.toOpen()
  const begin = folder === undefined ? {} : { defaultPath: folder }
  const { filePaths } = await dialog.showOpenDialog(window, { ...PICKING[what], ...begin })
  const [first] = filePaths
  if (first !== undefined) folders.opened(first)
  return give(book, filePaths)
}

/** What was dropped, or picked, as the window is told of it. What is gone meanwhile is left out. */
export async function give(book: GrantBook, paths: string[]): Promise<Given[]> {
  const given = await Promise.all(paths.filter((path) => isAbsolute(path)).map(describe))
  const there = given.filter((one) => one !== null)
  await book.give('read', ...there.map(({ path }) => path))
  return there
}

async function describe(path: string): Promise<Given | null> {
  const found = await stat(path).catch(() => null)
  if (found === null) return null
  const folder = found.isDirectory()
  return { path, name: basename(path), folder, bytes: folder ? undefined : found.size }
}

/** Where a file is to be saved, and whether the dialog has asked about one that is there; null if the person changed their mind. */
export async function savePath(
  window: BrowserWindow,
  { book, folders }: DialogContext,
  usual: string,
  name: string,
): Promise<{ path: string; replaces: boolean } | null> {
  const { canceled, filePath } = await dialog.showSaveDialog(window, {
    defaultPath: join(folders.toSave(usual), suggestedName(name)),
    properties: ['createDirectory', 'showOverwriteConfirmation', 'dontAddToRecent'],
  })
  if (canceled || filePath === '') return null
  folders.saved(dirname(filePath), usual)
  // A recovery kit's sheet lies beside it.
  await book.give('write', filePath, ...(filePath.endsWith('.age') ? [filePath.replace(/\.age$/, '.html')] : []))
  return { path: filePath, replaces: existsSync(filePath) }
}

export async function saveFolder(
  window: BrowserWindow,
  { book, folders }: DialogContext,
  usual: string,
): Promise<string | null> {
  const { filePaths } = await dialog.showOpenDialog(window, {
    title: 'Choose a folder to save in',
    buttonLabel: 'Save here',
    defaultPath: folders.toSave(usual),
    properties: ['openDirectory', 'createDirectory', 'dontAddToRecent'],
  })
  const [chosen] = filePaths
  if (chosen === undefined) return null
  folders.saved(chosen, usual)
  await book.give('write', chosen)
  return chosen
}
