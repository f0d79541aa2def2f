/* Makes the README's pictures, of the real window over a vault of its own: bash scripts/with-keyring.sh node scripts/pictures.ts */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import type { Page } from '@playwright/test'
import { openWindow } from '../test/e2e/support/window.ts'
import { noise } from '../test/support/files.ts'
import { succeed } from '../test/support/run.ts'

const PICTURES = resolve('docs/pictures')
const SIZE = { width: 1280, height: 800 }
const FOLDER = 'contracts/2026'

/** What a small firm has: its file, its kibibytes, how it is locked. */
const FILES: [name: string, kibibytes: number, ...flags: string[]][] = [
  ['drafts/lease-draft-2.docx', 84, '--mode', 'sse-s3'],
  ['signed/framework-agreement.pdf', 912, '--mode', 'cse-kms', '--key', 'alias/contracts'],
  ['audit-trail.jsonl', 1_420, '--mode', 'cse-c', '--key', 'office'],
  ['board-minutes.docx', 96, '--mode', 'cse-c', '--key', 'office'],
  ['floor-plan.dwg', 3_310, '--mode', 'cse-kms', '--key', 'alias/contracts'],
  ['handover-notes.md', 9, '--mode', 'cse-kms', '--key', 'alias/contracts'],
  ['inventory.parquet', 4_100, '--mode', 'sse-kms', '--key', 'alias/contracts'],
  ['lease-annex-b.pdf', 810, '--mode', 'cse-kms', '--key', 'alias/contracts'],
  ['lease-signed.pdf', 2_412, '--mode', 'cse-kms', '--key', 'alias/contracts'],
  ['logo.svg', 14, '--mode', 'sse-s3'],
  ['press-kit.zip', 4_800, '--mode', 'sse-s3'],
  ['price-list.xlsx', 1_204, '--mode', 'sse-kms', '--key', 'alias/contracts'],
  ['salaries-2026.csv', 22, '--mode', 'sse-c', '--key', 'payroll'],
  ['supplier-terms.pdf', 640, '--mode', 'sse-kms', '--key', 'alias/contracts'],
]

const folder = await mkdtemp(join(tmpdir(), 'coffer-pictures-'))
const env = { COFFER_HOME: join(folder, 'home') }

async function coffer(...args: string[]): Promise<void> {
  await succeed(process.execPath, [resolve('dist/cli.js'), ...args], { env, cwd: folder })
}

async function fill(): Promise<void> {
  await writeFile(join(folder, 'passphrase'), 'correct horse battery staple\n')
  await coffer('kms', 'create', '--alias', 'contracts', '--description', 'Contracts and what belongs to them')
  await coffer('kms', 'create', '--alias', 'photos')
  for (const name of ['office', 'payroll', 'travel']) await coffer('key', 'new', name)
  for (const name of ['office', 'payroll']) {
    await coffer('key', 'kit', name, join(folder, `${name}.kit`), '--passphrase-file', join(folder, 'passphrase'))
  }
  for (const [name, kibibytes, ...flags] of FILES) {
    const path = join(folder, 'files', name)
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, noise(kibibytes * 1_024, name))
    await coffer('put', path, `s3://papers/${FOLDER}/${name}`, ...flags)
  }
  await coffer('put', join(folder, 'files/logo.svg'), 's3://photos-2026/logo.svg', '--mode', 'sse-s3')
}

/** Nothing moves or waits any more. */
async function shoot(page: Page, name: string): Promise<void> {
  await page.mouse.move(SIZE.width / 2, SIZE.height - 8)
  await page.waitForTimeout(800)
  await page.screenshot({ path: join(PICTURES, `${name}.png`), animations: 'disabled', caret: 'hide' })
}

async function goTo(page: Page, hash: string): Promise<void> {
  await page.evaluate(`location.hash = ${JSON.stringify(hash)}`)
}

/** Drags the files of the disk over the window and lets go, as the system would. */
async function drop(page: Page, files: string[]): Promise<void> {
  const session = await page.context().newCDPSession(page)
  const at = { x: SIZE.width / 2, y: SIZE.height / 2, data: { items: [], files, dragOperationsMask: 1 } }
  for (const type of ['dragEnter', 'dragOver', 'dragOver', 'drop'] as const) {
    await session.send('Input.dispatchDragEvent', { type, ...at })
  }
  await session.detach()
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
    ['lease-signed.pdf', 'lease-annex-b.pdf', 'floor-plan.dwg'].map((name) => join(folder, 'files', name)),
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
  await fill()
  const window = await openWindow({ folder, env, context: { viewport: SIZE, colorScheme: 'light' } })
  try {
    await takePictures(window.page)
  } finally {
    await window.close()
  }
} finally {
  await rm(folder, { recursive: true, force: true, maxRetries: 5 })
}
