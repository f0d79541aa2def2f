import { dialog, type BrowserWindow, type MessageBoxOptions } from 'electron'

/** Shows a box, over the window if that can be seen, and returns the text of the button that the person pressed. */
export async function askPerson(
  window: BrowserWindow | undefined,
  options: MessageBoxOptions & { buttons: string[] },
): Promise<string | undefined> {
  const { response } = await (window?.isVisible() === true
    ? dialog.showMessageBox(window, options)
    : dialog.showMessageBox(options))
  return options.buttons[response]
}
