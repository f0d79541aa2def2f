import type { Locator, Page } from '@playwright/test'
import { join } from 'node:path'
import { writeFiles } from '../support/files.ts'
import { drop, expectFile, notices, row, seal, tryHere } from './support/person.ts'
import { expect, test } from './support/test.ts'

/** Presses Tab until it has the focus. */
async function tabTo(page: Page, target: Locator): Promise<void> {
  await expect(target).toBeVisible()
  for (let presses = 0; presses < 40; presses++) {
    if ((await target.and(page.locator(':focus')).count()) > 0) return
    await page.keyboard.press('Tab')
  }
  await expect(target).toBeFocused()
}

test('everything from the first start to a recovered file goes without a mouse', async ({ page, window }) => {
  await writeFiles(window.person, { 'note.txt': Buffer.from('by hand') })
  const { keyboard } = page
  const grid = page.getByRole('grid', { name: 'Files in vault' })

  await tabTo(page, page.getByRole('button', { name: 'Try on this computer' }))
  await keyboard.press('Enter')
  await expect(grid).toBeVisible()

  await window.chooseFiles([join(window.person, 'note.txt')], () => keyboard.press('Control+o'))
  const sheet = page.getByRole('dialog', { name: 'Seal 1 file into vault' })
  await expect(sheet.getByRole('radio', { name: 'SSE-S3' })).toBeFocused()
  await keyboard.press('ArrowRight')
  await expect(sheet.getByRole('radio', { name: 'SSE-KMS' })).toBeChecked()
  await keyboard.press('ArrowDown')
  await expect(sheet.getByRole('radio', { name: 'CSE-KMS' })).toBeFocused()
  await keyboard.press('ArrowUp')
  await keyboard.press('ArrowLeft')
  await expect(sheet.getByRole('radio', { name: 'SSE-S3' })).toBeChecked()
  await keyboard.press('Enter')
  await expect(sheet).toBeHidden()
  await expect(row(page, 'note.txt')).toBeVisible()

  await test.step('look into it, and come back to where it was', async () => {
    await tabTo(page, grid)
    await keyboard.press('ArrowDown')
    await expect(row(page, 'note.txt')).toHaveAttribute('aria-selected', 'true')
    await keyboard.press(' ')
    await expect(page.getByLabel('Content of note.txt')).toHaveText('by hand')
    await keyboard.press('Escape')
    await expect(page.getByRole('dialog')).toBeHidden()
    await expect(grid).toBeFocused()
  })

  await keyboard.press('Control+s')
  await expect(notices(page).getByText(/^Saved 1 file from vault/)).toBeVisible()
  await expectFile(join(window.person, 'Downloads', 'note.txt'), Buffer.from('by hand'))

  await test.step('commands by their names', async () => {
    await keyboard.press('Control+k')
    const field = page.getByRole('combobox', { name: /^Find a command/ })
    await expect(field).toBeFocused()
    await keyboard.type('activ')
    await keyboard.press('Enter')
    await expect(page.getByRole('heading', { name: 'Activity' })).toBeVisible()
    await keyboard.press('Alt+ArrowLeft')
    await expect(grid).toBeVisible()
    await keyboard.press('Control+k')
    await keyboard.press('Escape')
    await expect(field).toBeHidden()
  })

  await test.step('search, and remove', async () => {
    await keyboard.press('Control+f')
    await expect(page.getByRole('searchbox')).toBeFocused()
    await keyboard.press('Escape')
    await expect(grid).toBeFocused()
    await keyboard.press('End')
    await keyboard.press('Delete')
    await expect(page.getByRole('dialog', { name: 'Remove “note.txt”?' })).toBeVisible()
    await tabTo(page, page.getByRole('dialog').getByRole('button', { name: 'Remove' }))
    await keyboard.press('Enter')
    await expect(page.getByRole('heading', { name: 'Nothing here yet' })).toBeVisible()
  })
})

test('every dialog closes by Escape, and the focus is back on what has opened it', async ({ page, window }) => {
  await writeFiles(window.person, { 'note.txt': Buffer.from('by hand') })
  await tryHere(page)
  await drop(page, join(window.person, 'note.txt'))
  await seal(page, 'SSE-S3')

  const opensAndCloses = async (...names: string[]): Promise<void> => {
    for (const name of names) {
      await test.step(name, async () => {
        const opener = page.getByRole('button', { name, exact: true }).first()
        await opener.focus()
        await page.keyboard.press('Enter')
        await expect(page.getByRole('dialog')).toBeVisible()
        await page.keyboard.press('Escape')
        await expect(page.getByRole('dialog')).toBeHidden()
        await expect(opener).toBeFocused()
      })
    }
  }
  await row(page, 'note.txt').click()
  await opensAndCloses('Settings of vault', 'Preview', 'Verify', 'Change mode', 'Remove')
  await page.getByRole('link', { name: 'Keys', exact: true }).click()
  await opensAndCloses('New key', 'Import key', 'Restore kit')
  await page.getByRole('link', { name: 'KMS keys' }).click()
  await opensAndCloses('New KMS key')
})
