import { expect, it } from 'vitest'
import { contextMenuTemplate, type MenuContext } from '../../../electron/desktop/context-menu-template.ts'

const ALL = {
  canUndo: true,
  canRedo: true,
  canCut: true,
  canCopy: true,
  canPaste: true,
  canDelete: true,
  canSelectAll: true,
  canEditRichly: false,
}

function context(changes: Partial<MenuContext>): MenuContext {
  return {
    isEditable: true,
    selectionText: '',
    formControlType: 'input-text',
    editFlags: ALL,
    misspelledWord: '',
    dictionarySuggestions: [],
    ...changes,
  }
}

function enabled(changes: Partial<MenuContext>): unknown[] {
  return contextMenuTemplate(context(changes), () => undefined)
    .filter((item) => item.role !== undefined && item.enabled !== false)
    .map(({ role }) => role)
}

it('offers in a text field what can be done there now', () => {
  expect(enabled({})).toEqual(['undo', 'redo', 'cut', 'copy', 'paste', 'delete', 'selectAll'])
  expect(enabled({ editFlags: { ...ALL, canCut: false, canCopy: false, canDelete: false, canRedo: false } })).toEqual([
    'undo',
    'paste',
    'selectAll',
  ])
})

it('copies nothing out of a password field, even where Chromium would', () => {
  expect(enabled({ formControlType: 'input-password' })).toEqual(['undo', 'redo', 'paste', 'delete', 'selectAll'])
})

it('offers to copy selected text, and no menu where nothing is selected', () => {
  const page = { isEditable: false, formControlType: 'none' } as const
  expect(enabled({ ...page, selectionText: 'arn:aws:kms' })).toEqual(['copy'])
  expect(contextMenuTemplate(context({ ...page, selectionText: ' ' }), () => undefined)).toEqual([])
})

it('offers words for a misspelled one, but not in a password field', () => {
  const chosen: string[] = []
  const misspelled = { misspelledWord: 'vautl', dictionarySuggestions: ['vault'] }
  const [first] = contextMenuTemplate(context(misspelled), (word) => chosen.push(word))
  expect(first?.label).toBe('vault')
  ;(first?.click as () => void)()
  expect(chosen).toEqual(['vault'])
  const secret = contextMenuTemplate(context({ ...misspelled, formControlType: 'input-password' }), () => undefined)
  expect(secret[0]?.role).toBe('undo')
})
