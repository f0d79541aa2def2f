import { existsSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { basename, isAbsolute, join } from 'node:path'
import { dialog, type BrowserWindow, type OpenDialogOptions } from 'electron'
import type { Given } from '../api/contract/bridge.ts'
import { suggestedName } from './file-name.ts'
import type { GrantBook } from './grants.ts'

type Property = NonNullable<OpenDialogOptions['properties']>[number]

const PICKING: Record<'files' | 'folder' | 'file', { title: string; properties: Property[] }> = {
  files: { title: 'Add files', properties: ['openFile', 'multiSelections'] },
  folder: { title: 'Add a folder', properties: ['openDirectory'] },
  file: { title: 'Choose a file', properties: ['openFile'] },
}

/** Whatever a person chooses in the system's dialogs is granted to the window, and nothing else is. */
export async function pick(window: BrowserWindow, book: GrantBook, what: keyof typeof PICKING): Promise<Given[]> {
  const { filePaths } = await dialog.showOpenDialog(window, PICKING[what])
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
  book: GrantBook,
  folder: string,
  name: string,
): Promise<{ path: string; replaces: boolean } | null> {
  const { canceled, filePath } = await dialog.showSaveDialog(window, {
    defaultPath: join(folder, suggestedName(name)),
    properties: ['createDirectory', 'showOverwriteConfirmation', 'dontAddToRecent'],
  })
  if (canceled || filePath === '') return null
  // A recovery kit's sheet lies beside it.
  await book.give('write', filePath, ...(filePath.endsWith('.age') ? [filePath.replace(/\.age$/, '.html')] : []))
  return { path: filePath, replaces: existsSync(filePath) }
}

export async function saveFolder(window: BrowserWindow, book: GrantBook, folder: string): Promise<string | null> {
  const { filePaths } = await dialog.showOpenDialog(window, {
    title: 'Choose a folder to save in',
    buttonLabel: 'Save here',
    defaultPath: folder,
    properties: ['openDirectory', 'createDirectory', 'dontAddToRecent'],
  })
  const [chosen] = filePaths
  if (chosen === undefined) return null
  await book.give('write', chosen)
  return chosen
}
