/* Takes pictures of every screen, in both themes and two sizes: bash scripts/with-keyring.sh node scripts/look.ts FOLDER [NAME...] */
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Locator, Page } from '@playwright/test'
import { drop } from '../test/e2e/support/person.ts'
import { openWindow } from '../test/e2e/support/window.ts'
import { noise } from '../test/support/files.ts'
import { DEEP, fillKept, fillOdd, LONG } from './odd-vault.ts'
import { coffer, fillVault, FOLDER, goTo } from './sample-vault.ts'

const SIZES = [
  { width: 1280, height: 800 },
  { width: 900, height: 600 },
]
const THEMES = ['light', 'dark'] as const

/** Milliseconds in which a screen comes to rest. */
const REST = 350

const [into = 'test-results/look', ...wanted] = process.argv.slice(2)
const folder = await mkdtemp(join(tmpdir(), 'coffer-look-'))

const button = (within: Page | Locator, name: string | RegExp): Locator =>
  within.getByRole('button', { name, exact: typeof name === 'string' })
const cell = (page: Page, name: string): Locator => page.getByRole('gridcell', { name, exact: true })
const details = (page: Page): Locator => page.getByRole('complementary', { name: 'Details' })
const openPapers = async (page: Page): Promise<void> => {
  await goTo(page, '#/settings')
  await goTo(page, `#/vault/local/papers/${encodeURIComponent(`${FOLDER}/`)}`)
}
const choose = (name: string) => async (page: Page) => {
  await openPapers(page)
  await cell(page, name).click()
  await details(page).getByText('Algorithm').waitFor()
}
const act = (name: string, action: string) => async (page: Page) => {
  await choose(name)(page)
  await button(details(page), action).click()
}
const files = (...names: string[]): string[] => names.map((name) => join(folder, 'files', name))
const moreOf = async (page: Page, key: string, item: string): Promise<void> => {
  await button(page, `More for ${key}`).click()
  await page.getByRole('menuitem', { name: item }).click()
}

/** These begin where the screen before ends; every other begins without a dialog or menu. */
const GOES_ON = new Set(['inspector-versions', 'removed-versions', 'seal-own-key', 'transfers-conflict'])

async function leave(page: Page): Promise<void> {
  const open = page.locator('dialog[open], [role=menu]')
  for (let tries = 0; tries < 4 && (await open.count()) > 0; tries++) {
    await page.keyboard.press('Escape')
    await page.waitForTimeout(150)
  }
}

/** How each screen is reached from the one before, by its address or by what a person does. */
const SCREENS: Record<string, (page: Page) => Promise<void>> = {
  welcome: () => Promise.resolve(),
  'welcome-connect': async (page) => {
    await button(page, /^Connect a bucket/).click()
  },
  'welcome-incomplete': async (page) => {
    await page.getByText('Compatible server').click()
    await page.getByText('More', { exact: true }).click()
    await button(page, 'Connect').click()
  },
  'welcome-refused': async (page) => {
    await page.getByLabel('Address', { exact: true }).fill('http://127.0.0.1:9')
    await page.getByLabel('Access key id').fill('AKIDEXAMPLE')
    await page.getByLabel('Secret access key').fill('not the right one')
    await button(page, 'Connect').click()
    await page.getByRole('list', { name: 'What was tried' }).waitFor()
  },
  'empty-bucket': async (page) => {
    await button(page, 'Back').click()
    await coffer(folder, 'put', join(folder, 'files/notes.txt'), 's3://drafts/', '--mode', 'sse-s3')
    await coffer(folder, 'rm', 's3://drafts/notes.txt')
    await button(page, /^Try on this computer/).click()
    await page.getByRole('link', { name: 'drafts', exact: true }).click()
    await page.getByText('Nothing here yet').waitFor()
  },
  place: (page) => goTo(page, '#/place/local'),
  bucket: async (page) => {
    await goTo(page, '#/vault/local/papers/')
    await cell(page, 'contracts').waitFor()
  },
  folder: openPapers,
  inspector: choose('lease-signed.pdf'),
  'inspector-versions': async (page) => {
    await button(details(page), 'Show versions').click()
    await details(page).getByText('latest').scrollIntoViewIfNeeded()
  },
  'inspector-several': async (page) => {
    await choose('lease-signed.pdf')(page)
    await cell(page, 'floor-plan.dwg').click({ modifiers: ['ControlOrMeta'] })
  },
  'inspector-folder': async (page) => {
    await openPapers(page)
    await cell(page, 'drafts').click()
  },
  'select-all': async (page) => {
    await openPapers(page)
    await cell(page, 'drafts').click()
    await page.keyboard.press('ControlOrMeta+a')
  },
  'row-menu': async (page) => {
    await openPapers(page)
    await cell(page, 'price-list.xlsx').click({ button: 'right' })
  },
  search: async (page) => {
    await openPapers(page)
    await page.getByRole('searchbox').fill('lease')
  },
  'odd-names': async (page) => {
    await goTo(page, '#/vault/local/odd/')
    await cell(page, 'empty.txt').click()
    await details(page).getByText('Algorithm').waitFor()
  },
  'odd-long': async (page) => {
    await goTo(page, '#/vault/local/odd/')
    await cell(page, LONG).click()
    await details(page).getByText('Algorithm').waitFor()
  },
  'odd-deep': async (page) => {
    await goTo(page, `#/vault/local/odd/${encodeURIComponent(DEEP)}`)
    await cell(page, 'bottom.txt').waitFor()
  },
  'odd-remove': async (page) => {
    await goTo(page, '#/vault/local/odd/')
    await cell(page, LONG).click()
    await button(details(page), 'Remove').click()
  },
  'bucket-settings': async (page) => {
    await goTo(page, '#/vault/local/papers/')
    await button(page, 'Settings of papers').click()
    await page.getByRole('region', { name: 'SSE-C' }).waitFor()
  },
  removed: async (page) => {
    await goTo(page, '#/vault/local/kept/')
    await button(page, 'Show removed files').click()
    await button(page, 'Restore old/').waitFor()
  },
  'removed-versions': (page) => button(page, 'Versions of letter.txt').click(),
  'removed-restore': (page) => button(page, 'Restore old/').click(),
  'removed-nothing': async (page) => {
    await button(page, 'Hide removed files').first().click()
    await openPapers(page)
    await button(page, 'Show removed files').click()
    await page.getByText('Nothing that could be brought back').waitFor()
  },
  'search-nothing': async (page) => {
    await button(page, 'Hide removed files').first().click()
    await openPapers(page)
    await page.getByRole('searchbox').fill('nowhere')
  },
  'preview-text': async (page) => {
    await openPapers(page)
    await cell(page, 'notes.txt').dblclick()
    await page.getByLabel('Content of notes.txt').waitFor()
  },
  'preview-image': async (page) => {
    await openPapers(page)
    await cell(page, 'plan.png').dblclick()
    await page.getByRole('img', { name: 'plan.png' }).waitFor()
  },
  'preview-refused': async (page) => {
    await openPapers(page)
    await cell(page, 'inventory.parquet').dblclick()
    await page.getByText('There is no preview of this kind of file').waitFor()
  },
  verify: async (page) => {
    await act('lease-signed.pdf', 'Verify')(page)
    await page.getByText('proven whole').waitFor()
  },
  rekey: act('lease-signed.pdf', 'Change mode'),
  remove: act('lease-signed.pdf', 'Remove'),
  seal: async (page) => {
    await openPapers(page)
    await drop(page, ...files('lease-signed.pdf', 'lease-annex-b.pdf', 'floor-plan.dwg'))
    await page.getByRole('dialog', { name: /^Seal / }).waitFor()
  },
  'seal-own-key': async (page) => {
    await page.getByRole('dialog').getByText('CSE-C', { exact: true }).click()
    await page.getByText('More options').click()
  },
  'transfers-conflict': async (page) => {
    await button(page, /^Seal /).click()
    await page.getByText('already there').first().waitFor()
  },
  'transfers-running': async (page) => {
    await button(page, /^Skip/).first().click()
    await goTo(page, '#/settings')
    await page.getByLabel('Upload limit, MB/s').fill('0.5')
    await button(page, 'Set the limits').click()
    await openPapers(page)
    await drop(page, ...files('big.bin', 'press-kit-2.zip'))
    await button(page, /^Seal /).click()
    await page.getByText('0 of 2').waitFor()
    if (await button(page, 'Show transfers').isVisible()) await button(page, 'Show transfers').click()
  },
  'transfers-bar': (page) => button(page, 'Hide transfers').click(),
  'transfers-failed': async (page) => {
    await button(page, 'Show transfers').click()
    await button(page, 'Cancel').first().click()
    await coffer(folder, 'kms', 'disable', 'contracts')
    await choose('lease-signed.pdf')(page)
    await button(details(page), 'Save decrypted').click()
    await page.getByText('failed').first().waitFor()
  },
  'preview-disabled-key': async (page) => {
    await openPapers(page)
    await cell(page, 'handover-notes.md').dblclick()
    await page.getByRole('dialog').getByRole('alert').waitFor()
  },
  keys: async (page) => {
    await button(page, 'Hide transfers').click()
    await goTo(page, '#/keys')
  },
  'keys-menu': (page) => button(page, 'More for office').click(),
  'keys-new': (page) => button(page, 'New key').click(),
  'keys-kit': (page) => button(page, 'Save recovery kit').click(),
  'keys-import': (page) => button(page, 'Import key').click(),
  'keys-restore': (page) => button(page, 'Restore kit').click(),
  'keys-rename': (page) => moreOf(page, 'office', 'Rename'),
  'keys-delete': (page) => moreOf(page, 'office', 'Delete'),
  kms: async (page) => {
    await goTo(page, '#/keys/kms')
    await page.getByRole('list', { name: 'KMS keys' }).waitFor()
  },
  'kms-menu': (page) => button(page, 'More for photos').click(),
  'kms-new': (page) => button(page, 'New KMS key').click(),
  'kms-rotate': (page) => button(page, 'More for contracts').click(),
  'kms-policy': (page) => moreOf(page, 'photos', 'Key policy'),
  'kms-delete': (page) => moreOf(page, 'photos', 'Schedule deletion'),
  activity: (page) => goTo(page, '#/activity'),
  settings: (page) => goTo(page, '#/settings'),
  palette: (page) => page.keyboard.press('Control+k'),
  legend: async (page) => {
    await page.keyboard.press('Control+k')
    await page.keyboard.type('marks')
    await page.keyboard.press('Enter')
  },
  'new-bucket': async (page) => {
    await goTo(page, '#/place/local')
    await button(page, 'New bucket in This computer').click()
  },
  'bucket-menu': async (page) => {
    await goTo(page, '#/vault/local/papers/')
    await button(page, 'Actions for bucket papers').click()
  },
  'place-missing': (page) => goTo(page, '#/place/gone'),
  'place-without-credentials': async (page) => {
    await page.getByRole('link', { name: 'No credentials' }).click()
    await page.getByRole('alert').waitFor()
  },
  connect: (page) => page.getByRole('link', { name: 'Connect a bucket…' }).click(),
  // Nothing can follow: this page has no session any more.
  'not-connected': async (page) => {
    await page.evaluate('sessionStorage.clear()')
    await page.reload()
    await page.getByRole('heading', { name: 'This tab is not connected' }).waitFor()
  },
}

async function shoot(page: Page, name: string): Promise<void> {
  for (const size of SIZES) {
    await page.setViewportSize(size)
    for (const colorScheme of THEMES) {
      await page.emulateMedia({ colorScheme })
      await page.waitForTimeout(REST)
      await page.screenshot({ path: join(into, `${name}-${size.width}-${colorScheme}.png`), animations: 'disabled' })
    }
  }
  await page.setViewportSize({ width: 1280, height: 800 })
  await page.emulateMedia({ colorScheme: 'light' })
}

/** A picture that is at hand. */
const PICTURE = 'docs/pictures/drop.png'

async function fill(): Promise<void> {
  await fillVault(folder)
  const under = ['--mode', 'sse-kms', '--key', 'alias/contracts']
  await writeFile(join(folder, 'files/notes.txt'), 'The lease begins in March.\n'.repeat(40))
  await copyFile(PICTURE, join(folder, 'files/plan.png'))
  for (const name of ['notes.txt', 'plan.png']) {
    await coffer(folder, 'put', join(folder, 'files', name), `s3://papers/${FOLDER}/${name}`, ...under)
  }
  for (const name of ['big.bin', 'press-kit-2.zip']) await writeFile(join(folder, 'files', name), noise(24 << 20, name))
  await fillOdd(folder)
  await fillKept(folder)
  await coffer(
    folder,
    'place',
    'add',
    'gone',
    '--endpoint-url',
    'http://127.0.0.1:9',
    '--region',
    'us-east-1',
    '--keep-anyway',
  )
}

/** One screen that cannot be reached does not hide the others. */
async function visit(page: Page, name: string): Promise<void> {
  try {
    if (!GOES_ON.has(name)) await leave(page)
    await SCREENS[name]?.(page)
    if (wanted.length === 0 || wanted.includes(name)) await shoot(page, name)
  } catch (error) {
    console.log(`${name}: ${String(error).split('\n').slice(0, 3).join(' ')}`)
    await page.screenshot({ path: join(into, `${name}-failed.png`) })
  }
}

await mkdir(into, { recursive: true })
try {
  await fill()
  const window = await openWindow({
    folder,
    prepare: (page) => {
      page.on('console', (message) => console.log(`${message.type()}: ${message.text()}`))
      page.on('pageerror', (error) => console.log(`error: ${error.message}`))
      page.setDefaultTimeout(8_000)
      return Promise.resolve()
    },
  })
  try {
    for (const name of Object.keys(SCREENS)) await visit(window.page, name)
    console.log(resolve(into))
  } finally {
    await window.close()
  }
} finally {
  await rm(folder, { recursive: true, force: true, maxRetries: 5 })
}
