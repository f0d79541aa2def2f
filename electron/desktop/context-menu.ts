import { Menu, type WebContents } from 'electron'
import { contextMenuTemplate } from './context-menu-template.ts'

/** Shows the menu at each right click in the page that the page does not answer itself. */
export function serveContextMenu(page: WebContents): void {
  page.on('context-menu', (_event, context) => {
    const template = contextMenuTemplate(context, (word) => page.replaceMisspelling(word))
    if (template.length > 0) Menu.buildFromTemplate(template).popup()
  })
}
