import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, type Locator, type Page } from '@playwright/test'

/* What a person does in the window, by what they see. */

/** Milliseconds: a passphrase is made hard to guess by work, which a busy machine is slow at. */
export const PASSPHRASE_WORK = 60_000

export type Mode = 'SSE-S3' | 'SSE-KMS' | 'SSE-C' | 'CSE-KMS' | 'CSE-C'

/** Files or folders of the disk are dragged over the middle of the window and let go, as the system would do it. */
export async function drop(page: Page, ...files: string[]): Promise<void> {
  const { width, height } = page.viewportSize() ?? { width: 1280, height: 800 }
  const devtools = await page.context().newCDPSession(page)
  const data = { items: [], files, dragOperationsMask: 1 }
  const drag = (type: 'dragEnter' | 'dragOver' | 'drop') =>
    devtools.send('Input.dispatchDragEvent', { type, x: width / 2, y: height / 2, data })
  const veil = page.getByText(/^Drop to seal into|^Open a bucket first/)
  // What is let go counts by what the page has answered to the last move. On a busy machine that answer may be late, and the
  // browser drops nothing; then a hand drags anew.
  await expect(async () => {
    await page.evaluate('delete globalThis.isDropped')
    await drag('dragEnter')
    await expect(veil).toBeVisible({ timeout: 2_000 })
    for (let move = 0; move < 3; move++) {
      await drag('dragOver')
      await page.evaluate('new Promise((done) => requestAnimationFrame(() => setTimeout(done)))')
    }
    await page.evaluate(`addEventListener('drop', () => (globalThis.isDropped = true), { once: true, capture: true })`)
    await drag('drop')
    // The veil also goes if the browser has let go without a drop.
    await expect.poll(() => page.evaluate('globalThis.isDropped === true'), { timeout: 5_000 }).toBe(true)
    await expect(veil).toBeHidden({ timeout: 2_000 })
  }).toPass({ timeout: 30_000 })
  await devtools.detach()
}

/** The first door: a bucket on this computer, ready for files. */
export async function tryHere(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Try on this computer' }).click()
  await expect(page.getByRole('grid', { name: 'Files in vault' })).toBeVisible()
}

/** In the form that connects a bucket: says where the server is and who asks, and tries it. */
export async function connectTo(
  page: Page,
  { endpoint, accessKeyId, secretAccessKey }: { endpoint: string; accessKeyId: string; secretAccessKey: string },
): Promise<void> {
  await page.getByText('Compatible server').click()
  await page.getByLabel('Address', { exact: true }).fill(endpoint)
  await page.getByLabel('Access key id').fill(accessKeyId)
  await page.getByLabel('Secret access key').fill(secretAccessKey)
  await page.getByRole('button', { name: 'Connect', exact: true }).click()
}

/** From now on files are saved there. */
export async function saveInto(page: Page, folder: string): Promise<void> {
  await page.getByRole('link', { name: 'Settings' }).click()
  const field = page.getByLabel('Folder for saved files')
  await expect(field).not.toHaveValue('')
  await field.fill(folder)
  await page.getByRole('button', { name: 'Use this folder' }).click()
  await expect(notices(page).getByText('Saved files go there now')).toBeVisible()
}

export async function openBucket(page: Page, name: string): Promise<void> {
  await page.getByRole('navigation', { name: 'Places' }).getByRole('link', { name, exact: true }).click()
  await expect(page.getByRole('grid', { name: `Files in ${name}` })).toBeVisible()
}

/** In the sheet that a drop opens: chooses the mode, and seals. */
export async function seal(
  page: Page,
  mode: Mode,
  options: { kit?: 'save' | 'decline'; passphrase?: string } = {},
): Promise<void> {
  const sheet = page.getByRole('dialog', { name: /^Seal / })
  await chooseMode(sheet, mode)
  await sheet.getByRole('button', { name: /^Seal / }).click()
  if (options.kit === 'decline') await page.getByRole('button', { name: 'Go on without a kit' }).click()
  if (options.kit === 'save') await saveKit(page, options.passphrase ?? 'correct horse battery staple')
  await expect(sheet).toBeHidden()
}

/** On the custody grid, by its card. */
export async function chooseMode(sheet: Locator, mode: Mode): Promise<void> {
  await sheet.getByText(mode, { exact: true }).click()
  await expect(sheet.getByRole('radio', { name: mode, exact: true })).toBeChecked()
}

export async function saveKit(page: Page, passphrase: string): Promise<void> {
  const dialog = page.getByRole('dialog', { name: /^Save the recovery kit/ })
  await dialog.getByLabel('Passphrase').fill(passphrase)
  await dialog.getByRole('button', { name: 'Save the kit' }).click()
  await expect(dialog).toBeHidden({ timeout: PASSPHRASE_WORK })
}

/** A file or folder in the list, by its name. */
export function row(page: Page, name: string): Locator {
  return page.getByRole('row').filter({ has: page.getByRole('gridcell', { name, exact: true }) })
}

/** The names in the list, as they stand below each other. */
export async function names(page: Page): Promise<string[]> {
  // All at one moment: rows come and go.
  const rows = await page.getByRole('rowgroup', { name: 'Files' }).getByRole('row').allInnerTexts()
  return rows.map((text) => text.split('\n').find((line) => line !== '') ?? '')
}

export async function search(page: Page, words: string): Promise<void> {
  await page.getByRole('searchbox', { name: /^Search this/ }).fill(words)
}

/** What is told about the file that is chosen. */
export function details(page: Page): Locator {
  return page.getByRole('complementary', { name: 'Details' })
}

export function notices(page: Page): Locator {
  return page.getByRole('region', { name: 'Notices' })
}

/** By the palette. */
export async function runCommand(page: Page, title: string): Promise<void> {
  await page.keyboard.press('Control+k')
  await page.getByRole('combobox', { name: /^Find a command/ }).fill(title)
  await page.getByRole('option', { name: title }).click()
}

/** In MB a second. */
export async function limitUploads(page: Page, limit: string): Promise<void> {
  await page.getByRole('link', { name: 'Settings' }).click()
  await page.getByLabel('Upload limit, MB/s').fill(limit)
  await page.getByRole('button', { name: 'Set the limits' }).click()
  await expect(notices(page).getByText('The limit holds from now on').last()).toBeVisible()
}

/** The line below everything that says what is under way. */
export function transfersBar(page: Page): Locator {
  return page.getByRole('contentinfo', { name: 'Transfers' })
}

export async function openTransfers(page: Page): Promise<Locator> {
  const list = page.getByRole('region', { name: 'Transfers list' })
  if (!(await list.isVisible())) await page.getByRole('button', { name: 'Show transfers' }).click()
  await expect(list).toBeVisible()
  return list
}

/** Chooses a file and saves it decrypted into the folder for saved files, where it has these bytes. */
export async function saveDecrypted(page: Page, name: string, saved: { folder: string; bytes: Buffer }): Promise<void> {
  await row(page, name).click()
  await details(page).getByRole('button', { name: 'Save decrypted' }).click()
  await expect(
    notices(page)
      .getByText(/^Saved 1 file from/)
      .last(),
  ).toBeVisible()
  await expectFile(join(saved.folder, name), saved.bytes)
}

/** The file comes to be there, whole at once. */
export async function expectFile(path: string, bytes: Buffer): Promise<void> {
  await expect.poll(() => existsSync(path), { message: `${path} is there` }).toBe(true)
  expect((await readFile(path)).equals(bytes), `${path} is byte for byte the same`).toBe(true)
}
