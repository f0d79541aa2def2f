import type { MenuItemConstructorOptions } from 'electron'

export interface MenuChoices {
  isMac: boolean
  /** Tools for developers are there in development only. */
  isPackaged: boolean
  /** Runs a command of the window by its id. */
  run: (command: string) => void
  /** Done without the window, which may be what is at fault. */
  openLog: () => void
}

type Item = MenuItemConstructorOptions

/**
 * The menu. What is a command of the window's own is run there by its id; the window also hears its keys, so that the menu
 * shows them and does not take them (macOS gives keys to the page first, elsewhere `registerAccelerator` says so).
 */
export function menuTemplate({ isMac, isPackaged, run, openLog }: MenuChoices): Item[] {
  const command = (label: string, id: string, accelerator?: string): Item => ({
    label,
    click: () => run(id),
    ...(accelerator === undefined ? {} : { accelerator, registerAccelerator: false }),
  })
  const separator: Item = { type: 'separator' }
  const settings = command('Settings…', 'go-settings', 'CmdOrCtrl+,')

  const app: Item = {
    role: 'appMenu',
    submenu: [
      command('About Coffer', 'about'),
      separator,
      settings,
      separator,
      { role: 'services' },
      separator,
      { role: 'hide' },
      { role: 'hideOthers' },
      { role: 'unhide' },
      separator,
      { role: 'quit' },
    ],
  }
  const file: Item = {
    label: 'File',
    submenu: [
      command('Add Files…', 'add-files', 'CmdOrCtrl+O'),
      command('Add a Folder…', 'add-folder', 'CmdOrCtrl+Shift+O'),
      command('Save…', 'save'),
      separator,
      ...(isMac ? [] : [settings, separator]),
      isMac ? { role: 'close' } : { role: 'quit' },
    ],
  }
  const edit: Item = {
    role: 'editMenu',
    submenu: [
      { role: 'undo' },
      { role: 'redo' },
      separator,
      { role: 'cut' },
      { role: 'copy' },
      { role: 'paste' },
      { role: 'selectAll' },
      separator,
      command('Find…', 'search', 'CmdOrCtrl+F'),
    ],
  }
  const view: Item = {
    label: 'View',
    submenu: [
      command('Find a Command…', 'palette', 'CmdOrCtrl+K'),
      separator,
      command('Keys', 'go-keys'),
      command('Activity', 'go-activity'),
      command('Transfers', 'transfers', 'CmdOrCtrl+J'),
      separator,
      { role: 'resetZoom' },
      { role: 'zoomIn' },
      { role: 'zoomOut' },
      separator,
      { role: 'togglefullscreen' },
      ...(isPackaged ? [] : [separator, { role: 'toggleDevTools' } satisfies Item]),
    ],
  }
  const help: Item = {
    role: 'help',
    submenu: [
      command('Commands and Keys', 'palette'),
      separator,
      { label: 'Open Log', click: openLog },
      separator,
      command('Third-Party Notices', 'notices'),
      ...(isMac ? [] : [command('About Coffer', 'about')]),
    ],
  }
  return [...(isMac ? [app] : []), file, edit, view, { role: 'windowMenu' }, help]
}
