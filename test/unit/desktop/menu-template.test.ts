import type { MenuItemConstructorOptions } from 'electron'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { menuTemplate } from '../../../electron/desktop/menu-template.ts'

function allItems(items: MenuItemConstructorOptions[]): MenuItemConstructorOptions[] {
  return items.flatMap((item) => [item, ...(Array.isArray(item.submenu) ? allItems(item.submenu) : [])])
}

function menu(isMac: boolean, isPackaged: boolean): { items: MenuItemConstructorOptions[]; ran: string[] } {
  const ran: string[] = []
  return {
    items: allItems(menuTemplate({ isMac, isPackaged, run: (command) => ran.push(command), openLog: () => undefined })),
    ran,
  }
}

/** Every command that the window's source registers. */
function knownCommands(folder = 'renderer'): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(svelte|ts)$/.test(name))
    .flatMap((name) => [...readFileSync(join(folder, name), 'utf8').matchAll(/\bid: '([\w-]+)'/g)])
    .map(([, id = '']) => id)
}

describe.each([
  ['macOS', true],
  ['Windows and Linux', false],
])('the menu on %s', (_, isMac) => {
  it('runs commands that the window has', () => {
    const { items, ran } = menu(isMac, true)
    for (const { click } of items) (click as (() => void) | undefined)?.()
    expect(ran.length).toBeGreaterThan(5)
    expect(ran.filter((id) => !knownCommands().includes(id))).toEqual([])
  })

  it('leaves the keys of commands to the window', () => {
    for (const { click, accelerator, registerAccelerator } of menu(isMac, true).items) {
      if (click !== undefined && accelerator !== undefined) expect(registerAccelerator).toBe(false)
    }
  })

  it('lets nobody load the page again or look into it, but in development', () => {
    const roles = (isPackaged: boolean): unknown[] => menu(isMac, isPackaged).items.map(({ role }) => role)
    for (const role of ['reload', 'forceReload', 'toggleDevTools']) expect(roles(true)).not.toContain(role)
    expect(roles(false)).toContain('toggleDevTools')
  })

  it('has a way to quit, to copy and to paste', () => {
    const roles = menu(isMac, true).items.map(({ role }) => role)
    expect(roles).toEqual(expect.arrayContaining(['quit', 'copy', 'paste', 'selectAll']))
  })
})
