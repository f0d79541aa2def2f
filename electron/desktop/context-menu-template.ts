import type { ContextMenuParams, MenuItemConstructorOptions } from 'electron'

/** The parts of Electron's ContextMenuParams that the menu goes by. */
export type MenuContext = Pick<
  ContextMenuParams,
  'isEditable' | 'selectionText' | 'formControlType' | 'editFlags' | 'misspelledWord' | 'dictionarySuggestions'
>

type Item = MenuItemConstructorOptions

/**
 * The menu of a right click: for a text field or for text that is selected, empty for anything else. A password field gives
 * nothing away, whatever Chromium allows. `replace` puts a word in the place of the misspelled one.
 */
export function contextMenuTemplate(context: MenuContext, replace: (word: string) => void): Item[] {
  const { isEditable, selectionText, editFlags } = context
  if (!isEditable) return selectionText.trim() === '' ? [] : [{ role: 'copy', enabled: editFlags.canCopy }]
  const isSecret = context.formControlType === 'input-password'
  return [
    ...(isSecret ? [] : spelling(context, replace)),
    { role: 'undo', enabled: editFlags.canUndo },
    { role: 'redo', enabled: editFlags.canRedo },
    { type: 'separator' },
    { role: 'cut', enabled: editFlags.canCut && !isSecret },
    { role: 'copy', enabled: editFlags.canCopy && !isSecret },
    { role: 'paste', enabled: editFlags.canPaste },
    { role: 'delete', enabled: editFlags.canDelete },
    { type: 'separator' },
    { role: 'selectAll', enabled: editFlags.canSelectAll },
  ]
}

/** Chromium names a misspelled word only where its spelling check is on. */
function spelling({ misspelledWord, dictionarySuggestions }: MenuContext, replace: (word: string) => void): Item[] {
  if (misspelledWord === '') return []
  const words: Item[] = dictionarySuggestions.map((word) => ({ label: word, click: () => replace(word) }))
  const none: Item = { label: 'No suggestion for this word', enabled: false }
  return [...(words.length === 0 ? [none] : words), { type: 'separator' }]
}
