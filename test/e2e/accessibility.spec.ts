import { AxeBuilder } from '@axe-core/playwright'
import type { Page } from '@playwright/test'
import { join } from 'node:path'
import { noise, writeFiles } from '../support/files.ts'
import { chooseMode, details, drop, openTransfers, row, saveKit, seal, search, tryHere } from './support/person.ts'
import { expect, test } from './support/test.ts'

/** The theme follows at the next frame; no colour is on its way to another one after that. */
const AT_REST = `new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() =>
  done(Promise.allSettled(document.getAnimations().map((one) => one.finished)).then(() => undefined)))))`

/**
 * True once no text wears the ink of the other theme. Chromium 130 takes up to half a second to recolour text that inherits
 * its colour when an emulated theme changes (seen on Electron 33); Chromium 140 does it with the next frame.
 */
const wearsTheme = (scheme: 'light' | 'dark'): string => `(() => {
  const probe = document.createElement('span')
  probe.style = 'color: var(--ink); color-scheme: ${scheme === 'dark' ? 'light' : 'dark'}'
  document.body.append(probe)
  const otherInk = getComputedStyle(probe).color
  probe.remove()
  return [...document.body.querySelectorAll('*')].every((one) => getComputedStyle(one).color !== otherInk)
})()`

/** The whole of axe in the light; in the dark, what depends on colours. */
async function check(page: Page, screen: string): Promise<void> {
  await test.step(screen, async () => {
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
      await expect.poll(() => page.evaluate(wearsTheme(colorScheme))).toBe(true)
      await page.evaluate(AT_REST)
      // Electron opens no page of axe's own.
      const axe = new AxeBuilder({ page }).setLegacyMode(page.url().startsWith('coffer:'))
      // A menu lies over the page and belongs to none of its landmarks.
      if ((await page.getByRole('menu').count()) > 0) axe.disableRules(['region'])
      const { violations } = await (colorScheme === 'dark' ? axe.withRules(['color-contrast']) : axe).analyze()
      const told = violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`))
      expect(told, `${screen}, ${colorScheme}`).toEqual([])
    }
  })
}

async function checkDialog(page: Page, name: string | RegExp): Promise<void> {
  await expect(page.getByRole('dialog', { name })).toBeVisible()
  await check(page, String(name))
  await page.keyboard.press('Escape')
  await expect(page.getByRole('dialog', { name })).toBeHidden()
}

test('axe finds nothing wrong with the folder, the files and what is done with them', async ({ page, window }) => {
  await writeFiles(window.person, { 'a.txt': Buffer.from('a'), 'b/c.bin': noise(1000, 'c') })
  await expect(page.getByRole('button', { name: 'Try on this computer' })).toBeVisible()
  await check(page, 'Welcome')
  await page.getByRole('button', { name: 'Connect a bucket' }).click()
  await page.getByText('Compatible server').click()
  await page.getByText('More', { exact: true }).click()
  await page.getByRole('button', { name: 'Connect', exact: true }).click()
  await check(page, 'Connect')
  await page.getByRole('button', { name: 'Back' }).click()
  await tryHere(page)
  await check(page, 'An empty bucket')

  await drop(page, join(window.person, 'a.txt'), join(window.person, 'b'))
  const sheet = page.getByRole('dialog', { name: /^Seal 2 files/ })
  await chooseMode(sheet, 'SSE-KMS')
  await sheet.getByText('More options').click()
  await sheet.getByRole('button', { name: 'Add a pair' }).click()
  await check(page, 'Seal')
  await seal(page, 'CSE-KMS')
  await expect(row(page, 'a.txt')).toBeVisible()
  await openTransfers(page)
  await row(page, 'a.txt').click()
  await details(page).getByRole('button', { name: 'Show versions' }).click()
  await expect(details(page).getByRole('region', { name: 'Key journey' })).toBeVisible()
  await check(page, 'Details and transfers')
  await page.getByRole('button', { name: 'Close transfers' }).click()

  await details(page).getByRole('button', { name: 'Preview' }).first().click()
  await expect(page.getByLabel('Content of a.txt')).toBeVisible()
  await checkDialog(page, 'a.txt')
  await details(page).getByRole('button', { name: 'Verify' }).click()
  await checkDialog(page, 'Verified')
  await details(page).getByRole('button', { name: 'Change mode' }).click()
  await checkDialog(page, /^Change the mode of/)
  await details(page).getByRole('button', { name: 'Remove' }).click()
  await checkDialog(page, /^Remove “a.txt”/)
  await search(page, 'nothing like it')
  await expect(page.getByRole('heading', { name: 'Nothing by that name' })).toBeVisible()
  await check(page, 'Nothing found')
  await page.keyboard.press('Control+k')
  await checkDialog(page, 'Find a command')
})

test('axe finds nothing wrong with a bucket’s settings and its removed files', async ({ page, window }) => {
  await writeFiles(window.person, { 'a.txt': Buffer.from('a') })
  await tryHere(page)
  await page.getByRole('button', { name: 'Settings of vault' }).click()
  const part = page.getByRole('region', { name: 'Default encryption' })
  await part.getByText('SSE-KMS', { exact: true }).click()
  await expect(part.getByLabel('KMS key')).toBeVisible()
  await page.getByRole('button', { name: 'Keep versions' }).click()
  await expect(page.getByText('This bucket keeps versions')).toBeVisible()
  await checkDialog(page, 'Settings of “vault”')
  await drop(page, join(window.person, 'a.txt'))
  await seal(page, 'SSE-S3')
  await row(page, 'a.txt').click()
  await details(page).getByRole('button', { name: 'Remove' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click()
  await page.getByRole('button', { name: 'Show removed files' }).click()
  await page.getByRole('button', { name: 'Versions of a.txt' }).click()
  await expect(page.getByRole('region', { name: 'Versions' }).getByText('removed')).toBeVisible()
  await check(page, 'Removed files')
  await page.getByRole('button', { name: 'Restore all' }).click()
  await checkDialog(page, 'Restore all of “vault”?')
})

test('axe finds nothing wrong with keys, places, activity and settings', async ({ page }) => {
  await tryHere(page)
  await page.getByRole('link', { name: 'This computer' }).click()
  await check(page, 'Place')
  await page.evaluate('location.hash = "#/server/local"')
  await expect(page.getByRole('heading', { name: 'What this server does' })).toBeVisible()
  await expect(page.getByRole('heading', { name: 'Not tested yet' })).toBeVisible()
  await check(page, 'What this server does')
  await page.getByRole('link', { name: 'Settings' }).click()
  await check(page, 'Settings')
  await page.getByRole('link', { name: 'Activity' }).click()
  await check(page, 'Activity')

  await page.getByRole('link', { name: 'Keys' }).click()
  await check(page, 'No keys')
  await page.getByRole('button', { name: 'Import key' }).click()
  await checkDialog(page, 'Import a key')
  await page.getByRole('button', { name: 'Restore kit' }).click()
  await checkDialog(page, 'Restore a recovery kit')
  await page.getByRole('button', { name: 'New key' }).first().click()
  const dialog = page.getByRole('dialog', { name: 'New key' })
  await dialog.getByLabel('Name').fill('home')
  await check(page, 'New key')
  await dialog.getByRole('button', { name: 'Make key' }).click()
  await check(page, 'Save the recovery kit')
  await saveKit(page, 'correct horse battery staple')
  await expect(page.getByRole('list', { name: 'Your keys' })).toBeVisible()
  await page.getByRole('button', { name: 'More for home' }).click()
  await check(page, 'Menu of a key')
  await page.getByRole('menuitem', { name: 'Rename' }).click()
  await checkDialog(page, 'Rename the key')
  await page.getByRole('button', { name: 'More for home' }).click()
  await page.getByRole('menuitem', { name: 'Delete' }).click()
  await checkDialog(page, /^Delete the key/)

  await page.getByRole('link', { name: 'KMS keys' }).click()
  await expect(page.getByRole('heading', { name: 'No KMS keys here yet' })).toBeVisible()
  await check(page, 'No KMS keys')
  await page.getByRole('button', { name: 'New KMS key' }).first().click()
  await page.getByRole('dialog').getByLabel('Name').fill('contracts')
  await check(page, 'New KMS key')
  await page.getByRole('button', { name: 'Make KMS key' }).click()
  await expect(page.getByRole('article', { name: 'contracts' })).toBeVisible()
  await check(page, 'KMS keys')
  await page.getByRole('button', { name: 'More for contracts' }).click()
  await page.getByRole('menuitem', { name: 'Key policy…' }).click()
  await page.getByRole('button', { name: 'Check what it means' }).click()
  await expect(page.getByText(/^With it, you/)).toBeVisible()
  await checkDialog(page, /^Policy of/)
  await page.getByRole('button', { name: 'More for contracts' }).click()
  await page.getByRole('menuitem', { name: 'Schedule deletion…' }).click()
  await checkDialog(page, /^Schedule the deletion/)
})
