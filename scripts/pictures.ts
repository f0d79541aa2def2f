/* Makes the README's pictures, of the real window over a vault of its own: bash scripts/with-keyring.sh node scripts/pictures.ts */
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Page } from '@playwright/test'
import { drop } from '../test/e2e/support/person.ts'
import { openWindow } from '../test/e2e/support/window.ts'
import { fillVault, FOLDER, goTo } from './sample-vault.ts'

const PICTURES = resolve('docs/pictures')
const SIZE = { width: 1280, height: 800 }

const folder = await mkdtemp(join(tmpdir(), 'coffer-pictures-'))
const env = { COFFER_HOME: join(folder, 'home') }

/** Nothing moves or waits any more. */
async function shoot(page: Page, name: string): Promise<void> {
  await page.mouse.move(SIZE.width / 2, SIZE.height - 8)
  await page.waitForTimeout(800)
  await page.screenshot({ path: join(PICTURES, `${name}.png`), animations: 'disabled', caret: 'hide' })
}

async function takePictures(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Try on this computer' }).click()
  await page.getByRole('link', { name: 'papers', exact: true }).waitFor()
  await goTo(page, `#/vault/local/papers/${encodeURIComponent(`${FOLDER}/`)}`)
  await page.getByRole('gridcell', { name: 'lease-signed.pdf', exact: true }).click()
  await page.getByRole('complementary', { name: 'Details' }).getByText('CSE-KMS').first().waitFor()
  await shoot(page, 'window-light')
  await page.emulateMedia({ colorScheme: 'dark' })
  await shoot(page, 'window-dark')
  await page.emulateMedia({ colorScheme: 'light' })
  await page.keyboard.press('Escape')
  await drop(
    page,
    ...['lease-signed.pdf', 'lease-annex-b.pdf', 'floor-plan.dwg'].map((name) => join(folder, 'files', name)),
  )
  await page
    .getByRole('dialog', { name: /^Seal / })
    .getByText('CSE-KMS', { exact: true })
    .click()
  await shoot(page, 'drop')
  await page.keyboard.press('Escape')
  await goTo(page, '#/keys/yours')
  await shoot(page, 'keys')
}

await mkdir(PICTURES, { recursive: true })
try {
  await fillVault(folder)
  const window = await openWindow({ folder, env, context: { viewport: SIZE, colorScheme: 'light' } })
  try {
    await takePictures(window.page)
  } finally {
    await window.close()
  }
} finally {
  await rm(folder, { recursive: true, force: true, maxRetries: 5 })
}
